// What an answer from the other side means for its source.
#pragma once

#include <optional>

#include "collector/shipper.h"
#include "collector/sources.h"

namespace logboom::collector {

// A gap that must be told before the source goes on.
struct GapDue {
  Source::Gap gap;
  std::uint64_t position = 0;
  Mark after;
};

// Takes the outcome of the source's oldest shipped batch.
//  stored    the checkpoint may move.
//  conflict  the store wants the source from `expected`: it is read again from there, or, where its
//            bytes are gone, a gap is told.
//  refused   the batch is dropped and a gap told in its place; reading goes on behind it.
// A source that gets nothing but conflicts and refusals is given pauses, so that a server at odds
// with itself is not flooded; nothing of it is dropped for that.
[[nodiscard]] std::optional<GapDue> answer(Sources& sources, Source& source,
                                           const Outcome& outcome);

}  // namespace logboom::collector
