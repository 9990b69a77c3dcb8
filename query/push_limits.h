// What a push may hold: Loki's defaults, but for old lines, which are welcome at any age (late logs
// are logs too; Loki refuses what is older than a week).
#pragma once

#include <chrono>
#include <cstddef>

#include "core/batch.h"
#include "core/labels.h"

namespace logboom::query {

struct PushLimits {
  std::size_t line_bytes = kMaxLine;
  std::size_t labels = kMaxLabels;
  std::size_t label_name_bytes = kMaxLabelName;
  std::size_t label_value_bytes = kMaxLabelValue;
  std::size_t metadata_bytes = kMaxMetadata;  // per line
  std::size_t metadata_entries = kMaxMetadataEntries;
  std::chrono::seconds reject_older{0};    // zero: any age
  std::chrono::seconds reject_newer{600};  // zero: any time
};

}  // namespace logboom::query
