// What OTLP's clients get back: ExportLogsServiceResponse, and google.rpc.Status for errors.
#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_writer.hpp>

#include "core/json.h"
#include "core/otlp.h"
#include "core/otlp_value.h"

namespace logboom::otlp {

std::string response(bool json, std::uint64_t rejected, std::string_view reason) {
  std::string out;
  if (json) {
    if (rejected == 0) return "{}";
    // An int64 is a string in protobuf's JSON.
    out = "{\"partialSuccess\":{\"rejectedLogRecords\":\"" + std::to_string(rejected) +
          "\",\"errorMessage\":";
    append_json_string(out, reason);
    return out + "}}";
  }
  if (rejected == 0) return out;
  std::string partial;
  protozero::pbf_writer writer(partial);
  writer.add_int64(1, static_cast<std::int64_t>(rejected));
  writer.add_string(2, reason.data(), reason.size());
  protozero::pbf_writer(out).add_message(1, partial);
  return out;
}

std::string status(bool json, int code, std::string_view message) {
  std::string out;
  if (json) {
    out = "{\"code\":" + std::to_string(code) + ",\"message\":";
    append_json_string(out, message);
    return out + "}";
  }
  protozero::pbf_writer answer(out);
  answer.add_int32(1, code);
  answer.add_string(2, message.data(), message.size());
  return out;
}

}  // namespace logboom::otlp
