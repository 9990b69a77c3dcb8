// One spool file as its shipper sees it: what is in it next, and how far it is settled.
//
// Nothing is kept open: a file is opened for each turn, so thousands of runs cost no descriptors.
// Hostile files are refused: a name that is no run's, a link of either kind, no regular file,
// another owner's where we are not root, a header that is not this run's.
// Errors:  not_found (gone); invalid (refused; says why); corrupt (no spool file); io.
// Threads: one.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "collector/descriptor.h"
#include "collector/run/spool_format.h"
#include "core/batch.h"
#include "core/result.h"
#include "core/run_event.h"

namespace logboom::collector {

struct OpenedSpool {
  Descriptor file;
  SpoolHeader header;
  uid_t owner = 0;
  std::uint64_t size = 0;
  std::int64_t changed_ns = 0;
  bool finished = false;  // nobody holds its lock: its wrapper is gone
};
[[nodiscard]] Result<OpenedSpool> open_spool(const std::string& path, const std::string& run);
// The run a spool file is of, by its name; "": it is none.
[[nodiscard]] std::string run_of_spool(std::string_view path);
// When the last words were written; where there are none, when the file changed last.
[[nodiscard]] std::int64_t last_words_time(const OpenedSpool& spool);
// Remembers what is settled, and gives acknowledged bytes back to the disk.
void settle(int file, std::uint64_t acknowledged, std::uint64_t resume, bool punch);

// A record made of frames: a line, a gap, or an event.
struct SpoolRecord {
  enum class Kind : std::uint8_t { line, gap, event };
  Kind kind = Kind::line;
  std::uint64_t position = 0;
  std::int64_t time_ns = 0;
  std::uint32_t stream = 0;
  std::string_view text{};  // of a line, cut; of a gap, its reason; valid until the next call
  std::uint64_t size = 0;   // of a line before it was cut; of a gap the bytes missing
  const RunEvent* event = nullptr;
};

// Frames in, records out. What is unfinished is built again from `resume()`.
class FrameReader {
 public:
  explicit FrameReader(std::string run, std::string job) : run_(std::move(run)), job_(job) {}

  void restart(std::uint64_t offset);
  [[nodiscard]] std::uint64_t offset() const { return offset_; }  // the next frame
  [[nodiscard]] std::uint64_t resume() const;
  [[nodiscard]] std::size_t held_bytes() const;
  [[nodiscard]] bool ended() const { return ended_; }  // its end event has been seen

  // Takes the frame at offset(). `emit` is called for each record it completes.
  template <class Emit>
  void take(const Frame& frame, const Emit& emit);
  // What nobody will complete: unfinished lines, the last words or the news that it never ended.
  template <class Emit>
  void close(const OpenedSpool& spool, bool corrupt, const Emit& emit);

 private:
  struct Unfinished {
    std::string text;
    std::uint64_t size = 0, frame = 0;
    std::int64_t time_ns = 0;
    [[nodiscard]] bool open() const { return size > 0; }
  };
  template <class Emit>
  void take_output(const Frame& frame, std::uint32_t stream, const Emit& emit);
  template <class Emit>
  void flush(std::uint64_t position, const Emit& emit);
  template <class Emit>
  void finish_line(std::uint32_t stream, std::uint64_t position, const Emit& emit);
  [[nodiscard]] std::optional<RunEvent> event_of(std::int64_t time_ns, const Fields& fields) const;

  std::string run_, job_;
  std::uint64_t offset_ = kSpoolHeader;
  Unfinished lines_[2];
  bool ended_ = false;
};

template <class Emit>
void FrameReader::finish_line(std::uint32_t stream, std::uint64_t position, const Emit& emit) {
  auto& line = lines_[stream];
  std::string_view text = line.text;
  if (line.size == text.size() && text.ends_with('\r')) {
    text.remove_suffix(1);
    --line.size;
  }
  emit(SpoolRecord{.position = position,
                   .time_ns = line.time_ns,
                   .stream = stream,
                   .text = text,
                   .size = line.size});
  line = {};
}

// A frame's header is longer than two, so these positions are nobody else's.
template <class Emit>
void FrameReader::flush(std::uint64_t position, const Emit& emit) {
  for (std::uint32_t stream = 0; stream < 2; ++stream) {
    if (lines_[stream].open()) finish_line(stream, position + 1 + stream, emit);
  }
}

template <class Emit>
void FrameReader::take_output(const Frame& frame, std::uint32_t stream, const Emit& emit) {
  auto& line = lines_[stream];
  const auto begin = offset_ + kFrameHeader;
  for (std::size_t at = 0; at < frame.bytes.size();) {
    const auto end = frame.bytes.find('\n', at);
    const bool whole = end != std::string_view::npos;
    const auto piece = frame.bytes.substr(at, whole ? end - at : std::string_view::npos);
    if (!line.open()) {
      line.frame = offset_;
      line.time_ns = frame.time_ns;
    }
    line.text.append(piece.substr(0, kMaxLine - std::min(kMaxLine, line.text.size())));
    line.size += piece.size();
    at += piece.size() + (whole ? 1 : 0);
    if (whole) finish_line(stream, begin + at, emit);
  }
  // At a frame's end, so that it is cut there again when it is read again.
  if (line.size >= kMaxLine) finish_line(stream, begin + frame.bytes.size(), emit);
}

template <class Emit>
void FrameReader::take(const Frame& frame, const Emit& emit) {
  const auto end = offset_ + kFrameHeader + frame.bytes.size();
  if (frame.kind == FrameKind::out || frame.kind == FrameKind::err) {
    take_output(frame, frame.kind == FrameKind::out ? 0 : 1, emit);
  } else if (frame.kind == FrameKind::gap) {
    if (const auto gap = decode_gap(frame.bytes)) {
      emit(SpoolRecord{.kind = SpoolRecord::Kind::gap,
                       .position = end,
                       .time_ns = frame.time_ns,
                       .text = gap->reason,
                       .size = gap->missing_bytes});
    }
  } else if (const auto fields = decode_fields(frame.bytes)) {
    if (const auto event = event_of(frame.time_ns, *fields)) {
      if (event->kind == RunEvent::Kind::end) {
        flush(offset_, emit);
        ended_ = true;
      }
      emit(SpoolRecord{.kind = SpoolRecord::Kind::event,
                       .position = end,
                       .time_ns = frame.time_ns,
                       .event = &*event});
    }
  }
  offset_ = end;
}

template <class Emit>
void FrameReader::close(const OpenedSpool& spool, bool corrupt, const Emit& emit) {
  if (ended_) return;
  flush(spool.size, emit);
  // Settling the header touches the file, so its own time says little of the end.
  const auto time_ns = last_words_time(spool);
  auto event = event_of(time_ns, spool.header.last_words);
  const auto lost = event ? event->lost_bytes : -1;
  if (corrupt || lost > 0) {
    const auto torn = spool.size - std::min(offset_, spool.size);
    emit(SpoolRecord{.kind = SpoolRecord::Kind::gap,
                     .position = spool.size + 3,
                     .time_ns = time_ns,
                     .text = corrupt ? "spool damaged" : "spool full",
                     .size = corrupt ? torn : static_cast<std::uint64_t>(lost)});
  }
  if (!event || event->kind != RunEvent::Kind::end) {
    event.emplace();
    event->kind = RunEvent::Kind::lost;
    event->time_ns = time_ns;
    event->run = run_;
    event->job = job_;
    event->reason = "its wrapper was killed, or its machine went down";
  }
  ended_ = true;
  emit(SpoolRecord{.kind = SpoolRecord::Kind::event,
                   .position = spool.size + 4,
                   .time_ns = time_ns,
                   .event = &*event});
}

}  // namespace logboom::collector
