// One client's live tail: back-fill, then every line after it in commit order.
//
// Commit order, not time: a line with an old or equal time stamp is new when it is committed. The
// back-fill and the place where live begins come from one snapshot, so nothing is missed or
// repeated between them; a client that sends back the cursor of its last frame goes on exactly
// there.
//
// A slow client is not read ahead for: the next frame is made when the last one is written, and
// what it missed meanwhile is read from the store. So nothing is dropped and memory stays at one
// read.
//
// Limits:  frames of about kFrameBytes or kFrameLines; kReadBytes of the store per read; kTurnBytes
//          per turn on the worker pool.
// Threads: http::Session's calls and woken() exclude each other by a mutex.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/http/server.h"
#include "query/execute.h"
#include "query/params.h"
#include "query/search.h"
#include "query/tail_hub.h"
#include "store/store.h"

namespace logboom::query {

struct TailRequest {
  std::string tool;
  Question question;
  Encoding encoding;
  std::int64_t start = 0;  // of the back-fill
  std::size_t limit = 0;   // its lines
  bool cursors = false;    // frames carry a cursor, and there is a first one in any case
  std::optional<store::Cursor> resume;  // instead of a back-fill
  std::stop_token cancelled;
};

class TailSession : public http::Session,
                    public TailHub::Sleeper,
                    public std::enable_shared_from_this<TailSession> {
 public:
  static constexpr std::size_t kFrameBytes = 256 * 1024;
  static constexpr std::size_t kFrameLines = 1'000;
  static constexpr std::size_t kReadBytes = 512 * 1024;
  static constexpr std::size_t kTurnBytes = 8 << 20;

  // `open`: how many tails there are; this one counts itself in and, when it dies, out.
  TailSession(store::Store& store, const Limits& limits, std::weak_ptr<TailHub> hub,
              std::shared_ptr<std::atomic<std::size_t>> open, TailRequest request);
  ~TailSession() override;
  TailSession(const TailSession&) = delete;
  TailSession& operator=(const TailSession&) = delete;

  void start(std::shared_ptr<http::Peer> peer) override;
  void drained() override;
  void closed() override;
  void woken() override;

 private:
  void wake();
  Result<void> begin();
  Result<void> back_fill(const store::Snapshot& snapshot);
  Result<bool> read(const store::Snapshot& snapshot);
  bool wants(const store::LineView& line);
  void go_on();
  void send_frame();
  void give_up(const Error& error);

  store::Store& store_;
  const Limits& limits_;
  std::weak_ptr<TailHub> hub_;
  std::shared_ptr<std::atomic<std::size_t>> open_;
  const TailRequest request_;
  std::atomic<bool> wake_pending_ = false;

  std::mutex mutex_;                  // guards all below
  std::shared_ptr<http::Peer> peer_;  // empty: before start() or after the end
  std::shared_ptr<void> subscription_;
  std::optional<Plan> plan_;
  bool sending_ = false;
  bool first_frame_due_ = false;
  // Lines read and not yet sent: lines_[sent_] is the next; `sent_to_` is the cursor before it and
  // `read_to_` the one after the last.
  std::vector<Line> lines_;
  LabelSets streams_;
  std::size_t sent_ = 0;
  store::Cursor sent_to_, read_to_;
  std::optional<Labels> last_stream_;
  bool last_stream_wanted_ = false;
};

}  // namespace logboom::query
