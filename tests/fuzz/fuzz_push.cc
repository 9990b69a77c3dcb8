// Loki pushes, JSON and snappy protobuf: the counts add up, and every line has its stream.
#include "query/push.h"
#include "tests/fuzz/fuzz.h"

namespace {

constexpr std::size_t kUnpacked = 1 << 20;

void check(const logboom::Result<logboom::query::Pushed>& pushed) {
  using logboom::fuzz::hold;
  if (!pushed) {
    hold(!pushed.error().message.empty(), "an error says what is wrong");
    return;
  }
  std::uint64_t lines = 0;
  for (const auto& batch : pushed->batches) {
    lines += batch.records.size();
    for (const auto& record : batch.records) {
      hold(record.stream < batch.streams.size(), "a record's stream is one of the batch");
      hold(record.body.size() <= logboom::kMaxLine, "a line keeps to the limit");
    }
    hold(!batch.redacted, "a push is never taken for redacted");
  }
  hold(lines == pushed->accepted, "accepted lines are in the batches");
  hold(pushed->rejected.empty() == pushed->reason.empty(), "a rejection has a reason");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = logboom::fuzz::text_of(data, size);
  check(logboom::query::parse_push_json(body));
  check(logboom::query::parse_push_protobuf(body, kUnpacked));
  return 0;
}
