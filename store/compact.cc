#include "store/compact.h"

#include <algorithm>

#include "core/time.h"
#include "store/ground.h"
#include "store/keys.h"
#include "store/seal.h"

namespace logboom::store {
namespace {

using NamedFamily = std::pair<std::string, FamilyPtr>;

std::uint64_t bytes_of(const Database& db, const std::vector<NamedFamily>& families) {
  std::uint64_t bytes = 0;
  for (const auto& [name, family] : families) bytes += db.table_bytes(*family);
  return bytes;
}

Result<void> recompress(Ground& ground, Sealer& sealer, const Progress& progress,
                        const std::stop_token& stop, CompactReport& report) {
  const auto tomorrow = day_of(ground.now()) + 1;
  const auto total = ground.directory.stats().blocks;
  for (;;) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "store: compaction stopped");
    if (progress)
      progress({std::min(report.recompressed, total), total, "blocks", "compressing blocks"});
    auto any = sealer.recompress_one(tomorrow);
    if (!any) return fail(std::move(any).error());
    if (!*any) return sealer.slice_due();
    ++report.recompressed;
  }
}

}  // namespace

Result<CompactReport> compact(Ground& ground, Sealer& sealer, const Progress& progress,
                              const std::stop_token& stop) {
  CompactReport report;
  // Tables are written anew before the old ones go.
  auto space = ground.check_space(ground.options.min_free_bytes);
  if (!space) return fail(std::move(space).error());
  if (progress) progress({0, 0, "", "sealing the inbox"});
  const auto waiting = ground.directory.stats().inbox_batches;
  auto sealed = sealer.seal_all();
  if (!sealed) return fail(std::move(sealed).error());
  const auto left = ground.directory.stats().inbox_batches;
  report.sealed_batches = waiting - std::min(waiting, left);

  auto recompressed = recompress(ground, sealer, progress, stop, report);
  if (!recompressed) return fail(std::move(recompressed).error());
  auto families = ground.db->families();
  // The small ones first: they have the most to give back for the least work.
  std::ranges::stable_partition(
      families, [](const NamedFamily& family) { return !parse_family_day(family.first); });
  report.bytes_before = bytes_of(*ground.db, families);
  for (const auto& [name, family] : families) {
    if (stop.stop_requested()) return fail(Errc::cancelled, "store: compaction stopped");
    if (progress) progress({report.families, families.size(), "families", "compacting " + name});
    auto compacted = ground.db->compact(*family, stop);
    if (!compacted) return fail(std::move(compacted).error());
    ++report.families;
  }
  report.bytes_after = bytes_of(*ground.db, families);
  return report;
}

std::string json(const CompactReport& report) {
  return "{\"sealed_batches\":" + std::to_string(report.sealed_batches) +
         ",\"recompressed\":" + std::to_string(report.recompressed) +
         ",\"families\":" + std::to_string(report.families) +
         ",\"bytes_before\":" + std::to_string(report.bytes_before) +
         ",\"bytes_after\":" + std::to_string(report.bytes_after) + "}";
}

}  // namespace logboom::store
