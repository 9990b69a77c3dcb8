// OTLP logs, the one format on every wire of ours (DESIGN 4.1).
//
// Source: opentelemetry-proto v1, ExportLogsServiceRequest {1: repeated ResourceLogs {1: Resource
// {1: attributes}, 2: repeated ScopeLogs {1: scope {1: name, 3: attributes}, 2: LogRecord}}}.
//
// Our own batches are one ResourceLogs each:
//   resource attributes  logboom.tool, logboom.source, logboom.previous, logboom.next (ints),
//                        logboom.redacted (bool), and the columns by their names (pod, node, ...)
//   one ScopeLogs per stream, scope name "logboom", scope attributes = the stream's labels and
//                        logboom.positions (bytes: the records' positions as varint deltas)
//   LogRecord            time_unix_nano, severity_number, body (string, or bytes when not UTF-8),
//                        attributes = metadata
// On decoding, records of a batch with a span are put back in order of position.
//
// Anyone else's: Loki's rules. The bounded resource attributes of its default index label list
// become labels with '_' for '.', every other resource attribute a column, scope and record
// attributes metadata; a body that is neither text nor bytes is rendered as JSON; severity_text is
// used where severity_number is 0, then the line itself; trace_id and span_id become metadata in
// hex. tool = the caller's.
//
// Errors: invalid (not protobuf, or a wrong type inside a batch of ours; says which field);
// too_large (a small request that would unfold to very much). Never reads outside the given bytes,
// never allocates more than a small multiple of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "core/result.h"

namespace logboom::otlp {

struct Decoded {
  std::vector<Batch> batches;  // each owns its bytes (they share one copy of `bytes`)
  // Records that could not be kept, with the first reason: for OTLP's partial success.
  std::uint64_t rejected = 0;
  std::string reason;
};

// `tool`: whom the batches belong to that do not name their tool themselves.
[[nodiscard]] Result<Decoded> decode(std::string bytes, std::string_view tool);
// The same from OTLP/JSON (lowerCamelCase, int64 as strings, hex ids, base64 bytes).
[[nodiscard]] Result<Decoded> decode_json(std::string_view json, std::string_view tool);

// An ExportLogsServiceRequest with this one batch. Requests concatenate: the bytes of two encoded
// batches one after the other are a request with both.
[[nodiscard]] std::string encode(const Batch& batch);

// ExportLogsServiceResponse bodies and google.rpc.Status for errors, as protobuf or as JSON.
[[nodiscard]] std::string response(bool json, std::uint64_t rejected, std::string_view reason);
[[nodiscard]] std::string status(bool json, int code, std::string_view message);

}  // namespace logboom::otlp
