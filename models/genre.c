/* Tells the genre of raw samples with a waveform twin and nothing but onnxruntime's C API.

   cc genre.c -lonnxruntime -o genre
   ffmpeg -i song.mp3 -af aformat=channel_layouts=mono,aresample=16000:resampler=soxr \
       -f f32le song.pcm        (at the model's sample_rate; ffmpeg's default resampler answers otherwise)
   ./genre genre-base.wave.onnx song.pcm */
#include <onnxruntime_c_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const OrtApi *ort;

static void check(OrtStatus *status) {
    if (!status) return;
    fprintf(stderr, "genre: %s\n", ort->GetErrorMessage(status));
    exit(1);
}

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!file) return fprintf(stderr, "usage: genre MODEL.wave.onnx SAMPLES.pcm\n"), 2;
    fseek(file, 0, SEEK_END);
    int64_t shape[2] = {1, ftell(file) / (long)sizeof(float)}; /* [batch, samples] */
    float *samples = malloc(shape[1] * sizeof(float) + 1);
    rewind(file);
    if (shape[1] == 0 || fread(samples, sizeof(float), shape[1], file) != (size_t)shape[1])
        return fprintf(stderr, "genre: %s: no samples\n", argv[2]), 1;

    float peak = 0;
    for (int64_t i = 0; i < shape[1]; i++) {
        if (samples[i] > peak) peak = samples[i];
        if (-samples[i] > peak) peak = -samples[i];
    }
    if (peak < 2 / 32768.0f) return fprintf(stderr, "genre: %s is silence\n", argv[2]), 1;

    OrtEnv *env;
    OrtSessionOptions *options;
    OrtSession *session;
    OrtMemoryInfo *memory;
    OrtValue *input, *output = NULL;
    ort = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    if (!ort) return fprintf(stderr, "genre: onnxruntime is older than its header\n"), 1;
    check(ort->CreateEnv(ORT_LOGGING_LEVEL_FATAL, "genre", &env));
    check(ort->CreateSessionOptions(&options));
    check(ort->CreateSession(env, argv[1], options, &session));
    check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
    check(ort->CreateTensorWithDataAsOrtValue(memory, samples, shape[1] * sizeof(float), shape, 2,
                                              ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input));
    const char *taken[] = {"waveform"}, *given[] = {"probabilities"};
    check(ort->Run(session, NULL, taken, (const OrtValue *const *)&input, 1, given, 1, &output));
    float *probability;
    check(ort->GetTensorMutableData(output, (void **)&probability));

    OrtAllocator *allocator;
    OrtModelMetadata *metadata;
    char *json = NULL;
    check(ort->GetAllocatorWithDefaultOptions(&allocator));
    check(ort->SessionGetModelMetadata(session, &metadata));
    check(ort->ModelMetadataLookupCustomMetadataMap(metadata, allocator, "melonnx.wave", &json));
    char *label = json ? strstr(json, "\"labels\": [") : NULL; /* enough of JSON for plain names */
    if (!label) return fprintf(stderr, "genre: %s is no waveform twin\n", argv[1]), 1;
    char *frame = strstr(json, "\"n_fft\": ");
    if (frame && shape[1] < atol(frame + strlen("\"n_fft\": ")))
        return fprintf(stderr, "genre: %s is shorter than a frame\n", argv[2]), 1;
    if (!strstr(json, "\"parents\": {}")) /* else labels are not what is answered with */
        return fprintf(stderr, "genre: %s tells sub-genres; this example does not\n", argv[1]), 1;
    for (label += strlen("\"labels\": ["); *label == '"'; label += strspn(label, ", ")) {
        size_t length = strcspn(++label, "\"");
        printf("%.4f\t%.*s\n", *probability++, (int)length, label);
        label += length + 1;
    }
    return 0;
}
