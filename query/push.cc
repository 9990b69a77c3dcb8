#include "query/push.h"

#include <algorithm>
#include <utility>

#include "core/time.h"
#include "query/plan.h"

namespace logboom::query {
namespace {

constexpr std::size_t kShownStream = 200;  // bytes of a stream's labels in an error

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

std::string shown(std::string_view text) {
  if (text.size() <= kShownStream) return std::string(text);
  return std::string(text.substr(0, kShownStream)) + "...";
}

std::size_t size_of(std::span<const Attribute> metadata) {
  std::size_t size = 0;
  for (const auto& [name, value] : metadata) size += name.size() + value.size();
  return size;
}

// Saturates: the window of a far clock is open on that side.
std::int64_t shifted(std::int64_t time_ns, std::chrono::seconds by) {
  std::int64_t ns = 0, out = 0;
  const bool overflow = __builtin_mul_overflow(by.count(), 1'000'000'000, &ns) ||
                        __builtin_add_overflow(time_ns, ns, &out);
  if (!overflow) return out;
  return by.count() < 0 ? std::numeric_limits<std::int64_t>::min()
                        : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

std::uint64_t Pushed::rejected_lines() const {
  std::uint64_t lines = 0;
  for (const auto& [why, count] : rejected) lines += count;
  return lines;
}

PushContext push_context(std::string tool, const PushLimits& limits, std::int64_t now_ns) {
  PushContext context{.tool = std::move(tool), .limits = limits};
  if (limits.reject_older.count() > 0) context.oldest_ns = shifted(now_ns, -limits.reject_older);
  if (limits.reject_newer.count() > 0) context.newest_ns = shifted(now_ns, limits.reject_newer);
  return context;
}

PushBuilder::PushBuilder(const PushContext& context, std::size_t capacity)
    : context_(context), texts_(std::make_shared<std::string>()) {
  texts_->reserve(capacity);
}

std::string_view PushBuilder::copy(std::string_view text) {
  const std::size_t at = texts_->size();
  if (texts_->capacity() - at < text.size()) return pushed_.batches[batch_].arena.copy(text);
  texts_->append(text);
  return std::string_view(*texts_).substr(at);
}

void PushBuilder::stream(std::vector<Labels::Pair> labels) {
  refused_ = false;
  line_columns_.clear();
  stream_text_ = shown(Labels(labels).text());
  if (labels.empty()) {
    return refuse_stream("missing_labels", "error at least one label pair is required per stream");
  }
  std::vector<Labels::Pair> columns;
  const auto taken_out = [&](Labels::Pair& label) {
    if (label.first == kToolLabel) return true;
    if (!is_column(label.first)) return false;
    if (!label.second.empty()) columns.push_back(label);
    return true;
  };
  std::erase_if(labels, taken_out);
  if (!accept_labels(labels) || !accept_labels(columns)) return;
  std::ranges::sort(columns);

  const bool known = open_.contains(columns);
  if (!known && open_.size() >= kMaxColumnSets) {
    (void)batch_of({});
    for (const auto& [name, value] : columns) line_columns_.emplace_back(copy(name), copy(value));
    columns.clear();
  }
  auto& batch = batch_of(columns);
  auto& streams = open_[columns].streams;
  const auto [at, is_new] =
      streams.try_emplace(Labels(std::move(labels)), static_cast<std::uint32_t>(streams.size()));
  if (is_new) batch.streams.push_back(at->first);
  stream_ = at->second;
}

Batch& PushBuilder::batch_of(const std::vector<Labels::Pair>& columns) {
  const auto [at, is_new] = open_.try_emplace(columns);
  if (is_new) {
    at->second.batch = pushed_.batches.size();
    auto& batch = pushed_.batches.emplace_back();
    batch.tool = context_.tool;
    batch.arena.adopt(texts_);
  }
  batch_ = at->second.batch;
  auto& batch = pushed_.batches[batch_];
  if (is_new) {
    for (const auto& [name, value] : columns) batch.columns.emplace_back(copy(name), copy(value));
  }
  return batch;
}

bool PushBuilder::accept_labels(const std::vector<Labels::Pair>& labels) {
  const auto& limits = context_.limits;
  if (labels.size() > limits.labels) {
    refuse_stream("max_label_names_per_series", "entry for stream " + quoted(stream_text_) +
                                                    " has " + std::to_string(labels.size()) +
                                                    " label names; limit " +
                                                    std::to_string(limits.labels));
    return false;
  }
  for (const auto& [name, value] : labels) {
    if (name.size() > limits.label_name_bytes) {
      refuse_stream("label_name_too_long", "stream " + quoted(stream_text_) +
                                               " has label name too long: " + quoted(shown(name)));
    } else if (value.size() > limits.label_value_bytes) {
      refuse_stream(
          "label_value_too_long",
          "stream " + quoted(stream_text_) + " has label value too long: " + quoted(shown(value)));
    } else if (!valid_label_name(name)) {
      refuse_stream("invalid_labels", "error parsing labels " + quoted(stream_text_) +
                                          " with error: invalid label name " + quoted(shown(name)));
    }
    if (refused_) return false;
  }
  return true;
}

bool PushBuilder::accept_line(std::int64_t time_ns, std::string_view body,
                              std::span<const Attribute> metadata) {
  const auto& limits = context_.limits;
  const auto stream = quoted(stream_text_);
  if (body.size() > limits.line_bytes) {
    refuse("line_too_long", "Max entry size '" + std::to_string(limits.line_bytes) +
                                "' bytes exceeded for stream " + stream +
                                " while adding an entry with length '" +
                                std::to_string(body.size()) + "' bytes");
  } else if (time_ns < context_.oldest_ns) {
    refuse("greater_than_max_sample_age",
           "entry for stream " + stream + " has timestamp too old: " + format_rfc3339(time_ns, 0) +
               ", oldest acceptable timestamp is: " + format_rfc3339(context_.oldest_ns, 0));
  } else if (time_ns > context_.newest_ns) {
    refuse("too_far_in_future",
           "entry for stream " + stream + " has timestamp too new: " + format_rfc3339(time_ns, 0));
  } else if (metadata.size() > limits.metadata_entries) {
    refuse("structured_metadata_too_many", "stream " + stream +
                                               " has too many structured metadata labels: '" +
                                               std::to_string(metadata.size()) + "', limit: '" +
                                               std::to_string(limits.metadata_entries) + "'");
  } else if (const auto size = size_of(metadata); size > limits.metadata_bytes) {
    refuse("structured_metadata_too_large",
           "stream " + stream + " has structured metadata too large: '" + std::to_string(size) +
               "' bytes, limit: '" + std::to_string(limits.metadata_bytes) + "' bytes");
  } else {
    return true;
  }
  return false;
}

void PushBuilder::line(std::int64_t time_ns, std::string_view body,
                       std::span<const Attribute> metadata) {
  if (refused_) return refuse(refused_reason_, refused_text_);
  if (!accept_line(time_ns, body, metadata)) return;
  Record record{
      .time_ns = time_ns, .stream = stream_, .body = copy(body), .metadata = line_columns_};
  for (const auto& [name, value] : metadata) {
    if (!value.empty()) record.metadata.emplace_back(copy(name), copy(value));
  }
  pushed_.batches[batch_].records.push_back(std::move(record));
  ++pushed_.accepted;
}

void PushBuilder::refuse(std::string_view reason, std::string text) {
  if (pushed_.reason.empty()) pushed_.reason = std::move(text);
  ++pushed_.rejected[std::string(reason)];
}

void PushBuilder::refuse_stream(std::string_view reason, std::string text) {
  refused_ = true;
  refused_reason_ = reason;
  refused_text_ = std::move(text);
}

Pushed PushBuilder::finish() && {
  std::erase_if(pushed_.batches, [](const Batch& batch) { return batch.records.empty(); });
  return std::move(pushed_);
}

}  // namespace logboom::query
