// The lines around a hit, as grep's -A, -B and -C show them: of the same source, not of the search.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ui/cli/line.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {

// How far from the hit its neighbours may lie.
inline constexpr std::int64_t kReach = 7LL * 86'400 * 1'000'000'000;

struct Around {
  std::size_t before = 0, after = 0;
  [[nodiscard]] bool any() const { return before + after > 0; }
};

using Ask =
    std::function<Result<std::vector<Line>>(const Query&, Range, std::size_t limit, Direction)>;

// The hit with its neighbours, oldest first. Asks twice, and again with a higher limit only where
// many lines share the hit's instant. Errors: those of `ask`.
[[nodiscard]] Result<std::vector<Line>> neighbours(const Ask& ask, const Line& hit, Around around,
                                                   std::string_view tool);

}  // namespace logboom::ui::cli
