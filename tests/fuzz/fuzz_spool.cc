// A run's spool file: read, or refused; positions rise, and what is read twice is the same.
#include <cstring>
#include <string>
#include <tuple>
#include <vector>

#include "collector/run/spool_file.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace logboom::collector;
using logboom::fuzz::hold;

using Told = std::vector<std::tuple<std::uint64_t, int, std::string>>;

Told read(std::string_view bytes, const SpoolHeader& header) {
  Told told;
  FrameReader reader("run", "job");
  const auto emit = [&](const SpoolRecord& record) {
    told.emplace_back(record.position, static_cast<int>(record.kind),
                      record.event ? record.event->run : std::string(record.text));
    hold(record.text.size() <= logboom::kMaxLine, "a line is cut");
    if (record.event) hold(record.event->run == "run", "an event is about this run");
  };
  bool corrupt = false;
  auto left = bytes;
  while (!reader.ended()) {
    const auto frame = decode_frame(left);
    corrupt = !frame;
    if (corrupt || !*frame) break;
    left.remove_prefix(kFrameHeader + (*frame)->bytes.size());
    reader.take(**frame, emit);
    hold(reader.resume() <= reader.offset(), "what is unfinished has been read");
  }
  OpenedSpool spool;
  spool.header = header;
  spool.size = kSpoolHeader + bytes.size();
  reader.close(spool, corrupt, emit);
  hold(reader.ended(), "a closed run has ended");
  for (std::size_t i = 1; i < told.size(); ++i) {
    hold(std::get<0>(told[i - 1]) < std::get<0>(told[i]), "positions rise");
  }
  return told;
}

// The same frames with right checks, so that what lies behind them is reached.
std::string mended(std::string_view bytes) {
  std::string result;
  constexpr FrameKind kKinds[] = {FrameKind::out, FrameKind::err, FrameKind::event, FrameKind::gap};
  while (bytes.size() > 2) {
    const auto kind = kKinds[static_cast<unsigned char>(bytes[0]) % 4];
    const auto size = std::min<std::size_t>(static_cast<unsigned char>(bytes[1]), bytes.size() - 2);
    result += encode_frame_header(kind, 1, size);
    result += bytes.substr(2, size);
    bytes.remove_prefix(2 + size);
  }
  return result;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = logboom::fuzz::text_of(data, size);
  SpoolHeader header;
  if (auto decoded = decode_header(text)) {
    header = *std::move(decoded);
    hold(decode_header(encode_header(header)).has_value(), "a header round-trips");
  }
  const auto body = text.size() > kSpoolHeader ? text.substr(kSpoolHeader) : text;
  for (const auto& bytes : {std::string(body), mended(body)}) {
    hold(read(bytes, header) == read(bytes, header), "reading again reads the same");
  }
  if (const auto fields = decode_fields(text)) {
    hold(*decode_fields(encode_fields(*fields)) == *fields, "fields round-trip");
  }
  return 0;
}
