"""C++ declarations of the runtimes, as far as the code on a card calls them.

Written from the documented interfaces, so that a compiler can check calls and types
where the libraries themselves are not at hand.
"""

LITERT = """\
#pragma once
#include <cstdint>
#include <memory>
#include <vector>
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
union TfLitePtrUnion {
  std::int32_t* i32;
  std::int64_t* i64;
  float* f;
  std::int8_t* int8;
};
struct TfLiteTensor { TfLitePtrUnion data; };
namespace tflite {
class SignatureRunner {
 public:
  TfLiteTensor* input_tensor(const char* input_name);
  const TfLiteTensor* output_tensor(const char* output_name) const;
  TfLiteStatus ResizeInputTensor(const char* input_name,
                                 const std::vector<int>& new_size);
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
};
class Interpreter {
 public:
  SignatureRunner* GetSignatureRunner(const char* signature_key);
};
class FlatBufferModel {
 public:
  static std::unique_ptr<FlatBufferModel> BuildFromFile(const char* filename);
};
namespace ops { namespace builtin { class BuiltinOpResolver {}; } }
class InterpreterBuilder {
 public:
  InterpreterBuilder(const FlatBufferModel& model,
                     const ops::builtin::BuiltinOpResolver& op_resolver);
  TfLiteStatus operator()(std::unique_ptr<Interpreter>* interpreter,
                          int num_threads);
};
}
"""

ONNXRUNTIME = """\
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>
#define ORT_TSTR(X) X
enum OrtLoggingLevel { ORT_LOGGING_LEVEL_WARNING = 2 };
enum OrtAllocatorType { OrtArenaAllocator = 1 };
enum OrtMemType { OrtMemTypeDefault = 0 };
namespace Ort {
struct Env { Env(OrtLoggingLevel level, const char* logid); };
struct SessionOptions {
  SessionOptions();
  SessionOptions& SetIntraOpNumThreads(int intra_op_num_threads);
};
struct RunOptions { explicit RunOptions(std::nullptr_t); };
struct MemoryInfo {
  static MemoryInfo CreateCpu(OrtAllocatorType type, OrtMemType mem_type);
};
struct Value {
  Value(Value&&) = default;
  Value(const Value&) = delete;
  template <typename T>
  static Value CreateTensor(const MemoryInfo& info, T* data, std::size_t count,
                            const std::int64_t* shape, std::size_t shape_len);
  template <typename T>
  const T* GetTensorData() const;
};
struct Session {
  Session(const Env& env, const char* model_path, const SessionOptions& options);
  std::vector<Value> Run(const RunOptions& options, const char* const* input_names,
                         const Value* input_values, std::size_t input_count,
                         const char* const* output_names, std::size_t output_count);
};
}
"""


def write_headers(folder):
    """Write the headers that the code includes."""
    includes = {
        "tensorflow/lite/interpreter.h": LITERT,
        "onnxruntime_cxx_api.h": ONNXRUNTIME,
    }
    for name in ("model", "signature_runner", "kernels/register"):
        includes[f"tensorflow/lite/{name}.h"] = (
            '#include "tensorflow/lite/interpreter.h"'
        )
    for name, text in includes.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
