// store_maker DIR TOOLS STREAMS DAYS SEALS LINES: makes the store of a month in minutes.
//
// A line belongs to the day it was committed on, so no client can bring a store many days: this
// program is the clock. Each day is cut into SEALS parts; in each every tool appends LINES lines
// to each of its streams, and all is sealed. The last part of the last day ends now. Prints what
// was appended as one JSON object. It knows store/store.h alone, not how lines lie on disk.
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"
#include "store/store.h"

namespace logboom {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;
constexpr std::uint64_t kToolsAtOnce = 400;  // in one append: bounds its size

struct Shape {
  std::uint64_t tools = 0, streams = 0, days = 0, seals = 0, lines = 0;
};

// What small programs write: a few shapes, with numbers and ids that never repeat.
std::string line_of(std::mt19937_64& random, Level& level) {
  const auto number = [&random](std::uint64_t below) { return random() % below; };
  char text[200];
  switch (number(16)) {
    case 0:
      level = Level::error;
      std::snprintf(text, sizeof text,
                    "ERROR: page %" PRIu64 " was not saved: HTTP 503 from node %" PRIu64
                    " after %" PRIu64 " ms",
                    number(10'000'000), number(200), number(30'000));
      break;
    case 1:
    case 2:
      level = Level::warn;
      std::snprintf(text, sizeof text, "WARN retry %" PRIu64 " of job %016" PRIx64, number(9),
                    random());
      break;
    default:
      level = Level::info;
      std::snprintf(text, sizeof text,
                    "INFO request=%016" PRIx64 " user=%" PRIu64 " took %" PRIu64 " ms, %" PRIu64
                    " rows changed",
                    random(), number(1'000'000), number(9'999), number(500));
  }
  return text;
}

Batch batch_of(std::uint64_t tool, std::uint64_t day, const Shape& shape, std::int64_t start_ns,
               std::int64_t length_ns, std::mt19937_64& random) {
  Batch batch;
  batch.tool = "tool" + std::to_string(tool);
  batch.redacted = true;
  batch.columns.emplace_back(
      "pod", batch.arena.copy("pod-" + std::to_string(day) + "-" + std::to_string(random())));
  for (std::uint64_t stream = 0; stream < shape.streams; ++stream) {
    batch.streams.push_back(Labels({{"namespace", "tool-" + batch.tool},
                                    {"job", "job" + std::to_string(stream / 2)},
                                    {"container", "main"},
                                    {"stream", stream % 2 == 0 ? "stdout" : "stderr"}}));
  }
  const auto lines = static_cast<std::int64_t>(shape.lines);
  for (std::int64_t line = 0; line < lines; ++line) {
    for (std::uint32_t stream = 0; stream < shape.streams; ++stream) {
      Record record;
      record.time_ns =
          start_ns + length_ns * line / lines + static_cast<std::int64_t>(random() % kSecond);
      record.stream = stream;
      record.body = batch.arena.copy(line_of(random, record.level));
      batch.records.push_back(std::move(record));
    }
  }
  return batch;
}

Result<void> make(const std::string& directory, const Shape& shape) {
  const auto parts = static_cast<std::int64_t>(shape.days * shape.seals);
  const auto length_ns = kDay / static_cast<std::int64_t>(shape.seals);
  const auto begin_ns = now_ns() - parts * length_ns;
  auto clock_ns = begin_ns;
  store::Options options;
  options.directory = directory;
  options.retention = std::chrono::hours(24 * (shape.days + 1));
  options.background = false;
  options.now = [&clock_ns] { return clock_ns; };
  auto store = store::Store::open(std::move(options));
  if (!store) return fail(std::move(store).error());

  std::mt19937_64 random(7);
  std::uint64_t lines = 0, bytes = 0;
  for (std::int64_t part = 0; part < parts; ++part) {
    const auto start_ns = begin_ns + part * length_ns;
    clock_ns = start_ns + length_ns;
    for (std::uint64_t tool = 0; tool < shape.tools;) {
      std::vector<Batch> batches;
      for (; tool < shape.tools && batches.size() < kToolsAtOnce; ++tool) {
        batches.push_back(batch_of(tool, static_cast<std::uint64_t>(part) / shape.seals, shape,
                                   start_ns, length_ns, random));
        lines += batches.back().records.size();
        bytes += batches.back().size_bytes();
      }
      auto appended = (*store)->append(std::move(batches));
      if (!appended) return fail(std::move(appended).error());
    }
    if (auto sealed = (*store)->seal_all(); !sealed) return sealed;
  }
  std::printf("{\"lines\":%" PRIu64 ",\"raw_bytes\":%" PRIu64 "}\n", lines, bytes);
  return {};
}

bool parse(std::string_view text, std::uint64_t& number) {
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && number > 0;
}

int run(const std::vector<std::string>& arguments) {
  Shape shape;
  const bool good = arguments.size() == 6 && parse(arguments[1], shape.tools) &&
                    parse(arguments[2], shape.streams) && parse(arguments[3], shape.days) &&
                    shape.days <= 90 && parse(arguments[4], shape.seals) &&
                    parse(arguments[5], shape.lines);
  if (!good) {
    std::fputs(
        "usage: store_maker DIR TOOLS STREAMS DAYS SEALS LINES\n"
        "numbers from 1, DAYS at most 90; SEALS a day, LINES of each stream a seal\n",
        stderr);
    return 2;
  }
  const auto made = make(arguments.front(), shape);
  if (made) return 0;
  std::fprintf(stderr, "store_maker: %s\n", made.error().message.c_str());
  return 1;
}

}  // namespace
}  // namespace logboom

int main(int argc, char** argv) { return logboom::run({argv + 1, argv + argc}); }
