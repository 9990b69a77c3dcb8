#include "query/tail.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/json.h"
#include "core/metrics.h"
#include "query/render.h"

namespace logboom::query {
namespace {

constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
constexpr std::uint16_t kServerError = 1011;
constexpr std::size_t kMaxCloseReason = 120;  // of the 125 bytes a close frame has room for

metrics::Gauge& open_gauge() {
  static auto& gauge = metrics::gauge("logboom_query_tails", "Live tails that are open");
  return gauge;
}

void count_sent(std::size_t lines) {
  static auto& counter =
      metrics::counter("logboom_query_tail_lines_total", "Lines sent to live tails");
  counter.add(lines);
}

void pass(store::Cursor& cursor, const Line& line) {
  cursor.next[line.place.partition] = {line.place.offset, line.index + 1};
}

}  // namespace

TailSession::TailSession(store::Store& store, const Limits& limits, std::weak_ptr<TailHub> hub,
                         std::shared_ptr<std::atomic<std::size_t>> open, TailRequest request)
    : store_(store),
      limits_(limits),
      hub_(std::move(hub)),
      open_(std::move(open)),
      request_(std::move(request)) {
  open_gauge().set(static_cast<std::int64_t>(++*open_));
}

TailSession::~TailSession() { open_gauge().set(static_cast<std::int64_t>(--*open_)); }

void TailSession::start(std::shared_ptr<http::Peer> peer) {
  std::lock_guard lock(mutex_);
  peer_ = std::move(peer);
  // Before the first snapshot: a commit in between wakes us once too often rather than never.
  subscription_ = store_.subscribe(request_.tool, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->wake();
  });
  if (auto begun = begin(); !begun) return give_up(begun.error());
  go_on();
}

void TailSession::drained() {
  std::lock_guard lock(mutex_);
  sending_ = false;
  go_on();
}

// Never waits for the mutex: behind a long back-fill, wakes would hold up the whole pool.
void TailSession::woken() {
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) {
    if (auto hub = hub_.lock()) hub->wake(weak_from_this());
    return;
  }
  wake_pending_ = false;
  go_on();
}

void TailSession::closed() {
  std::lock_guard lock(mutex_);
  subscription_.reset();
  peer_.reset();
}

void TailSession::wake() {
  if (wake_pending_.exchange(true)) return;
  if (auto hub = hub_.lock()) hub->wake(weak_from_this());
}

Result<void> TailSession::begin() {
  const auto snapshot = store_.snapshot(request_.tool);
  auto plan = Plan::make(request_.question, request_.tool, snapshot.streams(kFirst, kLast));
  if (!plan) return fail(std::move(plan).error());
  plan_ = *std::move(plan);
  first_frame_due_ = request_.cursors;
  if (!request_.resume) return back_fill(snapshot);
  sent_to_ = read_to_ = *request_.resume;
  return {};
}

Result<void> TailSession::back_fill(const store::Snapshot& snapshot) {
  sent_to_ = read_to_ = snapshot.end();
  auto answer = newest_or_oldest(snapshot, *plan_,
                                 {.range = {request_.start, kLast},
                                  .order = Order::newest_first,
                                  .limit = request_.limit,
                                  .after = {}},
                                 limits_, request_.cancelled);
  if (!answer) return fail(std::move(answer).error());
  lines_ = std::move(answer->lines);
  streams_ = std::move(answer->streams);
  std::ranges::sort(lines_, {}, [](const Line& line) { return std::pair(line.place, line.index); });
  // A client that leaves in the middle goes on at the first line of each partition it has not seen.
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
    sent_to_.next[line->place.partition] = {line->place.offset, line->index};
  }
  return {};
}

// False: nothing is left in this snapshot.
Result<bool> TailSession::read(const store::Snapshot& snapshot) {
  lines_.clear();
  streams_ = {};
  sent_ = 0;
  sent_to_ = read_to_;
  return snapshot.read_after(read_to_, kReadBytes, [&](const store::LineView& line) {
    if (wants(line)) lines_.emplace_back(line, streams_);
  });
}

bool TailSession::wants(const store::LineView& line) {
  if (!last_stream_ || *last_stream_ != *line.stream) {
    last_stream_ = *line.stream;
    last_stream_wanted_ = !plan_->nothing() && plan_->wants(*line.stream);
  }
  return last_stream_wanted_ && plan_->wants(line);
}

// Sends the next frame, or reads until there is one or nothing is left. With the mutex held.
void TailSession::go_on() {
  if (!peer_ || !plan_ || sending_) return;
  if (sent_ < lines_.size() || first_frame_due_) return send_frame();
  const auto snapshot = store_.snapshot(request_.tool);
  for (std::size_t read_bytes = 0; read_bytes < kTurnBytes; read_bytes += kReadBytes) {
    const auto more = read(snapshot);
    if (!more) return give_up(more.error());
    if (!lines_.empty()) return send_frame();
    if (!*more) return;
  }
  wake();
}

void TailSession::send_frame() {
  const std::size_t from = sent_;
  for (std::size_t bytes = 0;
       sent_ < lines_.size() && sent_ - from < kFrameLines && bytes < kFrameBytes; ++sent_) {
    bytes += lines_[sent_].size_bytes();
    pass(sent_to_, lines_[sent_]);
  }
  if (sent_ == lines_.size()) sent_to_ = read_to_;
  std::string frame = R"({"streams":)";
  append_streams(frame, std::span(lines_).subspan(from, sent_ - from), request_.encoding);
  append_encoding_flags(frame, request_.encoding);
  if (request_.cursors) {
    append_json_name(frame, "cursor");
    append_json_string(frame, sent_to_.text());
  }
  frame += '}';
  first_frame_due_ = false;
  sending_ = true;
  count_sent(sent_ - from);
  peer_->send(std::move(frame));
}

void TailSession::give_up(const Error& error) {
  if (error.code == Errc::cancelled) {
    peer_->drop();
  } else {
    peer_->close(kServerError, std::string_view(error.message).substr(0, kMaxCloseReason));
  }
  subscription_.reset();
  peer_.reset();
}

}  // namespace logboom::query
