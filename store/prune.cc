#include "store/prune.h"

#include <algorithm>

#include "store/keys.h"

namespace logboom::store {

Pruner::Pruner(const Snapshot::State& state, const Scan& scan) : state_(state) {
  for (const auto& clause : scan.texts) {
    std::vector<Needs> needs;
    for (const auto& literal : clause) needs.push_back(needs_of(literal.text));
    // One that needs nothing can be met anywhere.
    if (!needs.empty() && std::ranges::none_of(needs, &Needs::empty))
      clauses_.push_back(std::move(needs));
  }
  for (const auto& value : scan.values)
    clauses_.push_back({Needs{.all = {hash_of_value(value)}, .words = {}}});
}

bool Pruner::maybe(const Piece& piece) {
  if (clauses_.empty() || piece.in_inbox() || piece.buckets == 0) return true;
  const auto day = state_.indexes->find(piece.day);
  if (day != state_.indexes->end()) {
    for (const auto& group : *day->second) {
      if (group->buckets != piece.buckets) continue;
      const auto column = group->column(piece.block);
      if (column == SIZE_MAX) continue;
      auto known = groups_.find(group.get());
      if (known == groups_.end()) known = groups_.emplace(group.get(), in_group(group)).first;
      return (known->second[column / 64] >> (column % 64) & 1U) != 0;
    }
  }
  return in_filter(piece);
}

BlockBits Pruner::in_group(const GroupPtr& group) {
  GroupReader reader(*state_.ground->db, state_.view.get(), group);
  auto found = reader.all();
  for (const auto& clause : clauses_) {
    BlockBits any(found.size(), 0);
    for (const auto& needs : clause) {
      const auto columns = reader.maybe(needs);
      for (std::size_t i = 0; i < any.size(); ++i) any[i] |= columns[i];
    }
    for (std::size_t i = 0; i < found.size(); ++i) found[i] &= any[i];
  }
  reads_ += reader.reads();
  return found;
}

// When the filter is missing or wrong, the lines themselves are asked.
bool Pruner::in_filter(const Piece& piece) {
  ++reads_;
  const auto value = state_.ground->db->get(
      *piece.family, block_key(piece.block, BlockPart::filter), state_.view.get());
  const auto filter = value && *value ? Filter::open(**value) : std::nullopt;
  if (!filter) return true;
  return std::ranges::all_of(clauses_, [&](const std::vector<Needs>& clause) {
    return std::ranges::any_of(clause, [&](const Needs& needs) { return filter->maybe(needs); });
  });
}

}  // namespace logboom::store
