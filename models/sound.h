/* What a waveform twin leaves to its program (README.md): channels that cancel, and long silence. */
#ifndef MELONNX_SOUND_H
#define MELONNX_SOUND_H
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STRETCH = 1 << 15, LOW = 64 };

/* Sum of products of two channels of a stretch; of sums of `low` samples side by side. */
static double product(const float *one, const float *other, long length, long step, int low) {
    double total = 0;
    for (long i = 0; i + low <= length; i += low) {
        double a = 0, b = 0;
        for (int j = 0; j < low; j++) a += one[(i + j) * step], b += other[(i + j) * step];
        total += a * b;
    }
    return total;
}

/* Whether the mean of a stretch's channels has lost most of their energy; or some, and most of the
   bass. */
static int cancels(const float *stretch, const float *mono, long length, int channels) {
    double left[2], given[2] = {0, 0}, square = (double)channels * channels;
    for (int bass = 0; bass < 2; bass++) {
        int low = bass ? LOW : 1;
        left[bass] = square * product(mono, mono, length, 1, low);
        for (int c = 0; c < channels; c++)
            given[bass] += product(stretch + c, stretch + c, length, channels, low);
    }
    return left[0] < given[0] && (left[0] < 0.1 * given[0] || left[1] < 0.1 * given[1]);
}

/* Whether `channel` is nearly `loud` turned around, or is in the bass. */
static int is_turned(const float *channel, const float *loud, long length, long step, int low) {
    double both = product(channel, channel, length, step, low) * product(loud, loud, length, step, low);
    return product(channel, loud, length, step, low) < -0.5 * sqrt(both);
}

/* `length` samples of interleaved `channels` to `mono`: their mean, but [m, -m] gives m. */
static void down_mix(const float *samples, long length, int channels, float *mono) {
    const float share = 1.0f / channels;
    for (long begin = 0; begin < length; begin += STRETCH) {
        const float *stretch = samples + begin * channels, *loud = stretch;
        long size = length - begin < STRETCH ? length - begin : STRETCH;
        float *mixed = mono + begin;
        for (long i = 0; i < size; i++) {
            mixed[i] = stretch[i * channels];
            for (int c = 1; c < channels; c++) mixed[i] += stretch[i * channels + c];
            if (channels > 1) mixed[i] *= share;
        }
        if (channels == 1 || !cancels(stretch, mixed, size, channels)) continue;
        double loudest = 0;
        for (int c = 0; c < channels; c++) {
            double energy = product(stretch + c, stretch + c, size, channels, 1);
            if (energy > loudest) loudest = energy;
        }
        while (product(loud, loud, size, channels, 1) < loudest / 2) loud++;
        double energy = product(loud, loud, size, channels, 1), amplitude = 0;
        memset(mixed, 0, size * sizeof(float));
        for (int c = 0; c < channels; c++) {
            const float *channel = stretch + c;
            int against = product(channel, loud, size, channels, 1) < 0;
            if (against && (is_turned(channel, loud, size, channels, 1) ||
                            is_turned(channel, loud, size, channels, LOW)))
                amplitude += sqrt(product(channel, channel, size, channels, 1) / energy);
            else
                for (long i = 0; i < size; i++)
                    mixed[i] += against ? -channel[i * channels] : channel[i * channels];
        }
        const float times = (float)amplitude;
        for (long i = 0; i < size; i++)
            mixed[i] = (mixed[i] + times * loud[i * channels]) * share;
    }
}

/* Half the way from the lowest to the highest of `length` samples, of zeros also if `padded`. */
static float swing_of(const float *samples, long length, int padded) {
    float low = padded ? 0 : samples[0], high = low;
    for (long i = 0; i < length; i++) {
        if (samples[i] < low) low = samples[i];
        if (samples[i] > high) high = samples[i];
    }
    return (high - low) / 2;
}

/* Turn runs of `from` that are shorter than `least` frames to `to`; returns how many stay `from`. */
static long absorb(char *flags, long frames, char from, char to, double least) {
    long left = 0;
    for (long begin = 0, end; begin < frames; begin = end) {
        for (end = begin; end < frames && flags[end] == flags[begin];) end++;
        if (flags[begin] != from) continue;
        if (end - begin < least)
            memset(flags + begin, to, end - begin);
        else
            left += end - begin;
    }
    return left;
}

/* Cut long silence out of `length` mono samples, in place; returns how many are left. `rate`, `hop`,
   `n_fft`, `window`: what the model's metadata call sample_rate, hop_length, n_fft and window. */
static long without_silence(float *mono, long length, long rate, long hop, long n_fft, long window) {
    enum { SOUND, SILENCE };
    long frames = 1 + length / hop, half = n_fft / 2, kept = 0;
    double pause = 2.5 * rate / hop < window ? 2.5 * rate / hop : window;
    float loudest = 0, *swing = malloc(frames * sizeof(float));
    char *flags = malloc(frames), *before = malloc(frames);
    if (!swing || !flags || !before) abort();
    for (long t = 0; t < frames; t++) { /* the second half of each frame; behind the end are zeros */
        long left = length - t * hop;
        swing[t] = swing_of(mono + t * hop, left < half ? left : half, left < half);
        if (swing[t] > loudest) loudest = swing[t];
    }
    float bar = 0.01f * loudest < 2e-4f ? 0.01f * loudest : 2e-4f;
    for (long t = 0; t < frames; t++) flags[t] = loudest > 0 && swing[t] <= bar ? SILENCE : SOUND;
    if (absorb(flags, frames, SILENCE, SOUND, pause)) {
        memcpy(before, flags, frames);
        if (!absorb(flags, frames, SOUND, SILENCE, 0.2 * rate / hop)) memcpy(flags, before, frames);
        for (long t = 0; t < frames; t++) {
            if (flags[t] == SILENCE) continue;
            long size = length - t * hop < hop ? length - t * hop : hop;
            memmove(mono + kept, mono + t * hop, size * sizeof(float));
            kept += size;
        }
        length = flags[frames - 1] == SILENCE ? kept - 1 : kept; /* or it would be a frame more */
    }
    free(swing), free(flags), free(before);
    return length;
}
#endif
