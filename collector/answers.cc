#include "collector/answers.h"

#include <algorithm>

#include "collector/meters.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

constexpr int kFruitlessFree = 2;  // conflicts in a row that cost no pause
constexpr milliseconds kFirstPause{250}, kLongestPause{30'000};

void pause_if_fruitless(Source& source) {
  if (++source.fruitless <= kFruitlessFree) return;
  const auto doublings = std::min(source.fruitless - kFruitlessFree - 1, 16);
  source.not_before = Clock::now() + std::min(kFirstPause * (1 << doublings), kLongestPause);
}

// From here on answers to what was shipped before mean nothing.
void begin_anew(Source& source) {
  ++source.epoch;
  source.in_flight.clear();
}

// What comes after `from` cannot be read again: one gap from there to the source's end.
void give_up(Sources& sources, Source& source, std::uint64_t from, const char* reason) {
  begin_anew(source);
  source.shipped = from;
  const auto missing = source.saved.size - std::min(source.saved.size, from);
  if (!source.ended()) {
    sources.end(source, reason, missing);
  } else if (!source.gap) {
    source.gap = Source::Gap{reason, missing};
    sources.queue(source);
  }
}

bool read_again(Sources& sources, Source& source, std::uint64_t from, std::uint64_t known) {
  if (source.ended() && !(source.saved.ended == kFinished && source.file.open())) return false;
  // Open as long as something of it is under way; so what fails here is the file itself.
  if (!source.file.open() || !unchanged(source)) return false;
  if (!place(source, from, known)) return false;
  begin_anew(source);
  if (source.ended()) sources.revive(source);
  sources.queue(source);
  return true;
}

void conflict(Sources& sources, Source& source, std::uint64_t expected) {
  meters().conflicts.add();
  pause_if_fruitless(source);
  log::warn("the store has a hole: the source goes back",
            {{"source", source.id}, {"path", source.saved.path}, {"position", expected}});
  // Where the lines unfinished at `expected` began is known for what was shipped lately; otherwise
  // a container's file is read again from its start, since a piece of a line may lie anywhere
  // before.
  std::uint64_t from = source.origin.format == Format::plain ? expected : 0;
  if (expected == source.saved.mark.acked) from = source.saved.mark.resume;
  for (const auto& shipped : source.in_flight) {
    if (shipped.next == expected && !shipped.gap) from = shipped.mark.resume;
  }
  if (!read_again(sources, source, from, expected)) give_up(sources, source, expected, "lost");
}

std::optional<GapDue> refused(Sources& sources, Source& source, const Outcome& outcome) {
  const auto dropped = source.in_flight.front();
  meters().refused.add();
  pause_if_fruitless(source);
  log::error("batch refused: its lines are dropped", {{"source", source.id},
                                                      {"path", source.saved.path},
                                                      {"bytes", outcome.bytes},
                                                      {"reason", outcome.reason}});
  if (dropped.gap) {
    // Not even a gap is taken: go on, as if it were. The store will ask again should it care.
    source.saved.mark = dropped.mark;
    source.in_flight.pop_front();
    return std::nullopt;
  }
  if (!read_again(sources, source, dropped.mark.resume, dropped.next)) {
    give_up(sources, source, dropped.previous, "refused");
    return std::nullopt;
  }
  source.shipped = dropped.previous;
  return GapDue{{"refused", outcome.bytes}, dropped.next, dropped.mark};
}

}  // namespace

std::optional<GapDue> answer(Sources& sources, Source& source, const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::stored:
      source.saved.mark = source.in_flight.front().mark;
      source.in_flight.pop_front();
      source.fruitless = 0;
      return std::nullopt;
    case Outcome::Kind::conflict:
      conflict(sources, source, outcome.expected);
      return std::nullopt;
    case Outcome::Kind::refused:
      return refused(sources, source, outcome);
  }
  return std::nullopt;
}

}  // namespace logboom::collector
