#include "core/metrics.h"

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

namespace logboom::metrics {
namespace {

template <class Metric>
struct Family {
  std::string help;
  std::map<LabelPairs, std::unique_ptr<Metric>> series;
};

struct Registry {
  std::mutex mutex;  // guards everything below
  std::map<std::string, Family<Counter>, std::less<>> counters;
  std::map<std::string, Family<Gauge>, std::less<>> gauges;
  std::map<std::string, Family<Histogram>, std::less<>> histograms;
};

// Never destroyed: threads may still count while the process exits.
Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

template <class Metric>
Metric& find(std::map<std::string, Family<Metric>, std::less<>>& families, std::string_view name,
             std::string_view help, LabelPairs labels) {
  const std::lock_guard lock(registry().mutex);
  auto& family = families[std::string(name)];
  if (family.help.empty()) family.help = help;
  auto at = family.series.find(labels);
  if (at == family.series.end()) {
    if (family.series.size() >= kMaxSeries) {
      for (auto& [label, value] : labels) value = "other";
    }
    at = family.series.try_emplace(std::move(labels)).first;
    if (!at->second) at->second = std::make_unique<Metric>();
  }
  return *at->second;
}

std::string label_text(const LabelPairs& labels, std::string_view extra = {}) {
  if (labels.empty() && extra.empty()) return {};
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ',';
    out += name + "=\"";
    for (char c : value) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    out += '"';
  }
  if (!extra.empty()) {
    if (out.size() > 1) out += ',';
    out += extra;
  }
  return out + "}";
}

std::string number(double value) {
  char buffer[32];
  const int size = std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return {buffer, static_cast<std::size_t>(size)};
}

double bound_seconds(int bucket) { return std::ldexp(0.001, bucket); }

void head(std::string& out, const std::string& name, const std::string& help,
          std::string_view type) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + std::string(type) + "\n";
}

template <class Metric>
void write_plain(std::string& out, const std::map<std::string, Family<Metric>, std::less<>>& all,
                 std::string_view type) {
  for (const auto& [name, family] : all) {
    head(out, name, family.help, type);
    for (const auto& [labels, metric] : family.series) {
      out += name + label_text(labels) + " " + std::to_string(metric->value()) + "\n";
    }
  }
}

void write_histogram(std::string& out, const std::string& name, const LabelPairs& labels,
                     const Histogram& histogram) {
  std::uint64_t total = 0;
  for (int i = 0; i <= Histogram::kBuckets; ++i) {
    total += histogram.bucket(i);
    const std::string bound = i == Histogram::kBuckets ? "+Inf" : number(bound_seconds(i));
    out += name + "_bucket" + label_text(labels, "le=\"" + bound + "\"") + " " +
           std::to_string(total) + "\n";
  }
  out += name + "_sum" + label_text(labels) + " " + number(histogram.sum_seconds()) + "\n";
  out += name + "_count" + label_text(labels) + " " + std::to_string(total) + "\n";
}

}  // namespace

void Histogram::observe_seconds(double seconds) {
  int bucket = 0;
  while (bucket < kBuckets && seconds > bound_seconds(bucket)) ++bucket;
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  if (seconds > 0) {
    sum_microseconds_.fetch_add(static_cast<std::uint64_t>(seconds * 1e6),
                                std::memory_order_relaxed);
  }
}

std::uint64_t Histogram::bucket(int index) const {
  return counts_[index].load(std::memory_order_relaxed);
}

double Histogram::sum_seconds() const {
  return static_cast<double>(sum_microseconds_.load(std::memory_order_relaxed)) / 1e6;
}

Counter& counter(std::string_view name, std::string_view help, LabelPairs labels) {
  return find(registry().counters, name, help, std::move(labels));
}
Gauge& gauge(std::string_view name, std::string_view help, LabelPairs labels) {
  return find(registry().gauges, name, help, std::move(labels));
}
Histogram& histogram(std::string_view name, std::string_view help, LabelPairs labels) {
  return find(registry().histograms, name, help, std::move(labels));
}

std::string text() {
  const std::lock_guard lock(registry().mutex);
  std::string out;
  write_plain(out, registry().counters, "counter");
  write_plain(out, registry().gauges, "gauge");
  for (const auto& [name, family] : registry().histograms) {
    head(out, name, family.help, "histogram");
    for (const auto& [labels, metric] : family.series) {
      write_histogram(out, name, labels, *metric);
    }
  }
  return out;
}

}  // namespace logboom::metrics
