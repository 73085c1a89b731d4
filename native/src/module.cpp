// serkit_native: the loops of serkit's mel spectrograms, padding and checksums, compiled. serkit
// works without it.
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#if defined(__x86_64__)
#define HAS_AVX2 1
#include <immintrin.h>
#endif

namespace {

constexpr int FRAMES = 8;  // one number of each makes a vector
constexpr double PI = 3.14159265358979323846;
constexpr int LENGTHS[] = {256, 512, 1024, 2048, 4096, 8192};

struct Bank {
    Py_ssize_t bands;
    const int32_t* starts;   // first bin of each band
    const int32_t* lengths;  // bins of each band
    const float* weights;    // of all bands, one after the other
    float* out;              // (bands, live)
};

struct Request {
    const int16_t* samples;  // frame t begins at t * hop
    Py_ssize_t hop, live;
    const float* window;
    std::vector<Bank> banks;
};

namespace portable {
#include "kernel.inc"
}

#ifdef HAS_AVX2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#include "kernel.inc"
#include "checksum.inc"
}
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

bool finds_avx2() {
#ifdef HAS_AVX2
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

void compute(int n_fft, const Request& request) {
#ifdef HAS_AVX2
    if (finds_avx2()) return avx2::compute(n_fft, request);
#endif
    portable::compute(n_fft, request);
}

// Buffers that are given back whatever happens.
class Buffers {
    std::vector<Py_buffer> held;

public:
    explicit Buffers(size_t most) { held.reserve(most); }
    ~Buffers() {
        for (Py_buffer& each : held) PyBuffer_Release(&each);
    }
    // Returns null with an exception set.
    const Py_buffer* get(PyObject* object, bool writable) {
        if (held.size() == held.capacity()) {  // they must not move
            PyErr_SetString(PyExc_ValueError, "too many arrays");
            return nullptr;
        }
        Py_buffer view;
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object, &view, flags) < 0) return nullptr;
        if (!view.format) view.format = const_cast<char*>("B");  // what no format means
        held.push_back(view);
        return &held.back();
    }
    // Returns null with an exception set.
    void* get(PyObject* object, const char* format, size_t size, bool writable, Py_ssize_t* count) {
        const Py_buffer* view = get(object, writable);
        if (!view) return nullptr;
        if (view->itemsize != (Py_ssize_t)size || std::strcmp(view->format, format)) {
            PyErr_Format(PyExc_TypeError, "expected an array of type '%s', got '%s'", format,
                         view->format);
            return nullptr;
        }
        *count = view->len / view->itemsize;
        return view->buf;
    }
};

// Checks a bank against the sizes that it will be read and written with.
bool parse_bank(PyObject* item, int n_fft, Py_ssize_t live, Buffers& buffers, Bank* bank) {
    PyObject *starts, *lengths, *weights, *out;
    if (!PyArg_ParseTuple(item, "OOOO;a bank is (starts, lengths, weights, out)", &starts, &lengths,
                          &weights, &out))
        return false;
    Py_ssize_t bands, same, weight_count, size;
    bank->starts = (const int32_t*)buffers.get(starts, "i", 4, false, &bands);
    if (!bank->starts && PyErr_Occurred()) return false;
    bank->lengths = (const int32_t*)buffers.get(lengths, "i", 4, false, &same);
    if (!bank->lengths && PyErr_Occurred()) return false;
    bank->weights = (const float*)buffers.get(weights, "f", 4, false, &weight_count);
    if (!bank->weights && PyErr_Occurred()) return false;
    bank->out = (float*)buffers.get(out, "f", 4, true, &size);
    if (!bank->out && PyErr_Occurred()) return false;
    bank->bands = bands;
    bool fits = bands == same && size == bands * live;
    Py_ssize_t needed = 0;
    for (Py_ssize_t band = 0; fits && band < bands; band++) {
        const int64_t first = bank->starts[band], count = bank->lengths[band];
        fits = first >= 0 && count >= 0 && first + count <= n_fft / 2 + 1;
        needed += count;
    }
    if (!fits || needed != weight_count) {
        PyErr_SetString(PyExc_ValueError, "a bank does not fit its frames");
        return false;
    }
    return true;
}

PyObject* mel_spectrograms(PyObject*, PyObject* arguments) {
    PyObject *samples, *window, *banks;
    Request request;
    if (!PyArg_ParseTuple(arguments, "OOnnO", &samples, &window, &request.hop, &request.live, &banks))
        return nullptr;
    Buffers buffers(64);
    Py_ssize_t count, n_fft;
    request.samples = (const int16_t*)buffers.get(samples, "h", 2, false, &count);
    if (!request.samples) return nullptr;
    request.window = (const float*)buffers.get(window, "f", 4, false, &n_fft);
    if (!request.window) return nullptr;
    if (std::find(std::begin(LENGTHS), std::end(LENGTHS), n_fft) == std::end(LENGTHS)) {
        PyErr_Format(PyExc_ValueError, "frames of %zd samples are not supported", n_fft);
        return nullptr;
    }
    if (request.hop < 1 || request.live < 0 ||
        (request.live > 0 && (request.live - 1) > (count - n_fft) / request.hop) ||
        (request.live > 0 && count < n_fft)) {
        PyErr_SetString(PyExc_ValueError, "there are fewer samples than the frames need");
        return nullptr;
    }
    const Py_ssize_t bank_count = PySequence_Size(banks);
    if (bank_count < 0) return nullptr;
    for (Py_ssize_t i = 0; i < bank_count; i++) {
        PyObject* item = PySequence_GetItem(banks, i);
        if (!item) return nullptr;
        Bank bank;
        const bool fits = parse_bank(item, (int)n_fft, request.live, buffers, &bank);
        Py_DECREF(item);
        if (!fits) return nullptr;
        request.banks.push_back(bank);
    }
    bool done = true;
    Py_BEGIN_ALLOW_THREADS
    try {
        compute((int)n_fft, request);
    } catch (const std::bad_alloc&) {
        done = false;
    }
    Py_END_ALLOW_THREADS
    if (!done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

// Front to back: each byte is written once, and zeros go only where nothing else does.
void pad(const char* from, size_t live, char* to, size_t length, size_t rows) {
    const size_t lead = length - live;
    for (size_t row = 0; row < rows; row++, from += live, to += length) {
        std::memset(to, 0, lead);
        std::memcpy(to + lead, from, live);
    }
}

// What is to be padded, checked against the place where it goes.
struct Padding {
    Buffers buffers{2};
    const char* from;
    char* to;
    size_t live, length, rows;  // bytes of a row, before and after

    // Returns false with an exception set.
    bool parse(PyObject* arguments) {
        PyObject *values, *out;
        if (!PyArg_ParseTuple(arguments, "OO", &values, &out)) return false;
        const Py_buffer* source = buffers.get(values, false);
        if (!source) return false;
        const Py_buffer* target = buffers.get(out, true);
        if (!target) return false;
        if (source->itemsize != target->itemsize || std::strcmp(source->format, target->format)) {
            PyErr_Format(PyExc_TypeError, "expected an array of type '%s', got '%s'",
                         target->format, source->format);
            return false;
        }
        const int last = target->ndim - 1;
        if (last < 0 || source->ndim != target->ndim ||
            source->shape[last] > target->shape[last] ||
            !std::equal(target->shape, target->shape + last, source->shape)) {
            PyErr_SetString(PyExc_ValueError, "the values do not fit their padded form");
            return false;
        }
        from = (const char*)source->buf;
        to = (char*)target->buf;
        live = (size_t)(source->shape[last] * source->itemsize);
        length = (size_t)(target->shape[last] * target->itemsize);
        rows = 1;
        for (int axis = 0; axis < last; axis++) rows *= (size_t)target->shape[axis];
        return true;
    }
};

PyObject* pad_rows(PyObject*, PyObject* arguments) {
    Padding job;
    if (!job.parse(arguments)) return nullptr;
    Py_BEGIN_ALLOW_THREADS
    pad(job.from, job.live, job.to, job.length, job.rows);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

#ifdef HAS_AVX2
constexpr size_t SHORTEST = 241;  // bytes; XXH3 sums fewer in other ways

PyObject* pad_and_digest(PyObject*, PyObject* arguments) {
    Padding job;
    if (!job.parse(arguments)) return nullptr;
    if (job.live * job.rows < SHORTEST) {
        PyErr_Format(PyExc_ValueError, "%zu bytes are too few; the checksum is that of %zu or more",
                     job.live * job.rows, SHORTEST);
        return nullptr;
    }
    uint64_t checksum;
    Py_BEGIN_ALLOW_THREADS
    checksum = avx2::pad_and_digest(job.from, job.live, job.to, job.length, job.rows);
    Py_END_ALLOW_THREADS
    return PyLong_FromUnsignedLongLong(checksum);
}
#endif

PyMethodDef METHODS[] = {
    {"mel_spectrograms", mel_spectrograms, METH_VARARGS,
     "mel_spectrograms(samples, window, hop, live, banks)\n--\n\n"
     "Fill each bank's `out`, shape (bands, live), with mel powers.\n\n"
     "Frame t begins at sample t * hop. A bank is (starts, lengths, weights, out): first bin and\n"
     "number of bins of each band (int32), the weights of all bands in order (float32), and the\n"
     "result (float32). Other threads run meanwhile."},
    {"pad_rows", pad_rows, METH_VARARGS,
     "pad_rows(values, out)\n--\n\n"
     "Copy `values`, shape (..., live), to the ends of the rows of `out`, shape (..., length), of\n"
     "the same type, and fill their beginnings with zeros. Other threads run meanwhile."},
    {nullptr, nullptr, 0, nullptr}};

#ifdef HAS_AVX2
PyMethodDef METHODS_WITH_AVX2[] = {
    {"pad_and_digest", pad_and_digest, METH_VARARGS,
     "pad_and_digest(values, out)\n--\n\n"
     "Do what pad_rows does and return the checksum of `values`, 241 bytes or more: XXH3, 64 bits.\n"
     "Other threads run meanwhile."},
    {nullptr, nullptr, 0, nullptr}};
#endif

PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "serkit_native", nullptr, -1, METHODS,
                      nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit_serkit_native(void) {
    PyObject* module = PyModule_Create(&MODULE);
    if (!module) return nullptr;
    PyObject* lengths = PyTuple_New(std::size(LENGTHS));
    if (!lengths) return nullptr;
    for (size_t i = 0; i < std::size(LENGTHS); i++)
        PyTuple_SetItem(lengths, (Py_ssize_t)i, PyLong_FromLong(LENGTHS[i]));
    if (PyModule_AddObjectRef(module, "FRAME_LENGTHS", lengths) < 0) return nullptr;
    Py_DECREF(lengths);
#ifdef HAS_AVX2
    // left out elsewhere: there xxhash sums as fast, and has code for each processor
    if (finds_avx2() && PyModule_AddFunctions(module, METHODS_WITH_AVX2) < 0) return nullptr;
#endif
    return module;
}
