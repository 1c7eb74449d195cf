/* Tells the genre of raw samples with a waveform twin and nothing but onnxruntime's C API.

   cc genre.c -lonnxruntime -lm -o genre
   ffmpeg -i song.mp3 -af aresample=16000:resampler=soxr -f f32le song.pcm    (the model's sample_rate)
   ./genre genre-base.wave.onnx song.pcm 2                                    (the song's channels) */
#include "sound.h"
#include <onnxruntime_c_api.h>
#include <stdio.h>

static const OrtApi *ort;

static void check(OrtStatus *status) {
    if (!status) return;
    fprintf(stderr, "genre: %s\n", ort->GetErrorMessage(status));
    exit(1);
}

/* The number that the metadata have under a name; 0 where they have none. */
static long number(const char *json, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\": ", name);
    const char *found = strstr(json, key); /* enough of JSON for this */
    return found ? atol(found + strlen(key)) : 0;
}

int main(int argc, char **argv) {
    int channels = argc == 4 ? atoi(argv[3]) : 1;
    FILE *file = argc == 3 || argc == 4 ? fopen(argv[2], "rb") : NULL;
    if (!file || channels < 1)
        return fprintf(stderr, "usage: genre MODEL.wave.onnx SAMPLES.pcm [CHANNELS]\n"), 2;
    fseek(file, 0, SEEK_END);
    long length = ftell(file) / (long)sizeof(float) / channels;
    float *samples = malloc(length * channels * sizeof(float) + 1);
    float *mono = malloc(length * sizeof(float) + 1);
    rewind(file);
    if (!samples || !mono || !length
        || fread(samples, sizeof(float) * channels, length, file) != (size_t)length)
        return fprintf(stderr, "genre: %s: no samples\n", argv[2]), 1;
    down_mix(samples, length, channels, mono);
    if (swing_of(mono, length, 0) < 2 / 32768.0f)
        return fprintf(stderr, "genre: %s is silence\n", argv[2]), 1;

    OrtEnv *env;
    OrtSessionOptions *options;
    OrtSession *session;
    ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (!ort) return fprintf(stderr, "genre: onnxruntime is older than its header\n"), 1;
    check(ort->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "genre", &env));
    check(ort->CreateSessionOptions(&options));
    check(ort->CreateSession(env, argv[1], options, &session));

    OrtAllocator *allocator;
    OrtModelMetadata *metadata;
    char *json = NULL;
    check(ort->GetAllocatorWithDefaultOptions(&allocator));
    check(ort->SessionGetModelMetadata(session, &metadata));
    check(ort->ModelMetadataLookupCustomMetadataMap(metadata, allocator, "melonnx.wave", &json));
    char *label = json ? strstr(json, "\"labels\": [") : NULL; /* enough of JSON for plain names */
    if (!label) return fprintf(stderr, "genre: %s is no waveform twin\n", argv[1]), 1;
    long rate = number(json, "sample_rate"), hop = number(json, "hop_length");
    long n_fft = number(json, "n_fft"), window = number(json, "window");
    if (length < n_fft)
        return fprintf(stderr, "genre: %s is shorter than a frame\n", argv[2]), 1;
    if (!strstr(json, "\"parents\": {}")) /* else labels are not what is answered with */
        return fprintf(stderr, "genre: %s tells sub-genres; this example does not\n", argv[1]), 1;

    int64_t shape[2] = {1, without_silence(mono, length, rate, hop, n_fft, window)};
    OrtMemoryInfo *memory;
    OrtValue *input, *output = NULL;
    check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    check(ort->CreateTensorWithDataAsOrtValue(memory, mono, shape[1] * sizeof(float), shape, 2,
                                              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input));
    const char *taken[] = {"waveform"}, *given[] = {"probabilities"};
    check(ort->Run(session, NULL, taken, (const OrtValue *const *)&input, 1, given, 1, &output));
    float *probability;
    check(ort->GetTensorMutableData(output, (void **)&probability));

    for (label += strlen("\"labels\": ["); *label == '"'; label += strspn(label, ", ")) {
        size_t length = strcspn(++label, "\"");
        printf("%.4f\t%.*s\n", *probability++, (int)length, label);
        label += length + 1;
    }
    return 0;
}
