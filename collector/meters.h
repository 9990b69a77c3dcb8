// The collector's metrics, each looked up once.
#pragma once

#include "core/metrics.h"

namespace logboom::collector {

struct Meters {
  metrics::Counter& lines = metrics::counter("logboom_collector_lines_total", "Lines read");
  metrics::Counter& bytes =
      metrics::counter("logboom_collector_read_bytes_total", "Raw bytes read from sources");
  metrics::Counter& truncated =
      metrics::counter("logboom_collector_truncated_lines_total", "Lines cut at the length limit");
  metrics::Counter& malformed = metrics::counter("logboom_collector_malformed_lines_total",
                                                 "Container log lines that are no record");
  metrics::Counter& withheld = metrics::counter("logboom_collector_withheld_lines_total",
                                                "Lines withheld because redaction gave up");
  metrics::Counter& batches =
      metrics::counter("logboom_collector_batches_total", "Batches shipped");
  metrics::Counter& retries = metrics::counter("logboom_collector_retries_total",
                                               "Requests or messages that were sent again");
  metrics::Counter& conflicts = metrics::counter("logboom_collector_conflicts_total",
                                                 "Sources sent back because the store had a hole");
  metrics::Counter& refused = metrics::counter("logboom_collector_refused_batches_total",
                                               "Batches the store refused for good");
  metrics::Counter& vanished = metrics::counter("logboom_collector_vanished_files_total",
                                                "Files gone before they could be opened");
  metrics::Counter& troubles = metrics::counter("logboom_collector_file_errors_total",
                                                "Files or directories that could not be read");
  metrics::Counter& checkpoint_failures = metrics::counter(
      "logboom_collector_checkpoint_failures_total", "Checkpoints that could not be written");
  metrics::Gauge& lag = metrics::gauge("logboom_collector_lag_bytes", "Bytes not yet read");
  metrics::Gauge& open_files = metrics::gauge("logboom_collector_open_files", "Files held open");
  metrics::Gauge& sources = metrics::gauge("logboom_collector_sources", "Sources known");
  metrics::Gauge& compressed =
      metrics::gauge("logboom_collector_compressed_files", "Compressed files ignored");
  metrics::Gauge& unacked =
      metrics::gauge("logboom_collector_unacked_bytes", "Bytes shipped and not yet acknowledged");

  metrics::Counter& gaps(std::string_view reason) {
    return metrics::counter("logboom_collector_gaps_total", "Gaps declared",
                            {{"reason", std::string(reason)}});
  }
};

[[nodiscard]] inline Meters& meters() {
  static Meters meters;
  return meters;
}

}  // namespace logboom::collector
