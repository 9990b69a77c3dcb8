#include "query/tail.h"

#include <simdjson.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <random>
#include <thread>

#include "query/test_api.h"

namespace logboom::query {
namespace {

constexpr std::chrono::seconds kPatience(20);  // only a failing test waits this long

struct Frame {
  std::vector<std::string> lines;
  std::optional<std::string> cursor;
  std::size_t bytes = 0;
};

Frame parse(const std::string& text) {
  Frame frame{.lines = {}, .cursor = {}, .bytes = text.size()};
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  REQUIRE(parser.parse(text).get(root) == simdjson::SUCCESS);
  for (const auto stream : root["streams"].get_array()) {
    for (const auto value : stream["values"].get_array()) {
      frame.lines.emplace_back(value.at(1).get_string().value());
    }
  }
  std::string_view cursor;
  if (root["cursor"].get(cursor) == simdjson::SUCCESS) frame.cursor = cursor;
  return frame;
}

// A client's end: keeps what was sent until the test takes it.
class FakePeer : public http::Peer {
 public:
  void send(std::string text) override {
    std::lock_guard lock(mutex_);
    frames_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::size_t queued_bytes() const override { return 0; }
  void close(std::uint16_t code, std::string_view reason) override {
    std::lock_guard lock(mutex_);
    closed_ = std::to_string(code) + " " + std::string(reason);
  }
  void drop() override {
    std::lock_guard lock(mutex_);
    closed_ = "dropped";
  }

  std::optional<Frame> take(std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return !frames_.empty(); })) return std::nullopt;
    auto text = std::move(frames_.front());
    frames_.pop_front();
    lock.unlock();
    return parse(text);
  }
  std::size_t waiting() {
    std::lock_guard lock(mutex_);
    return frames_.size();
  }
  std::string how_closed() {
    std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  std::deque<std::string> frames_;
  std::string closed_;
};

// One tail over a test store, driven as the server drives it.
class Tail {
 public:
  Tail(TestStore& store, std::shared_ptr<TailHub> hub, TailRequest request)
      : hub_(std::move(hub)),
        session_(std::make_shared<TailSession>(*store, limits_, hub_, open_, std::move(request))) {
    session_->start(peer_);
  }
  ~Tail() { close(); }

  void close() {
    if (session_) session_->closed();
    session_.reset();
  }
  // The next frame, written out.
  Frame next() {
    auto frame = peer_->take();
    REQUIRE(frame.has_value());
    session_->drained();
    return *std::move(frame);
  }
  std::vector<std::string> next_lines(std::size_t count) {
    std::vector<std::string> lines;
    while (lines.size() < count) {
      auto frame = next();
      if (frame.cursor) cursor = *frame.cursor;
      lines.insert(lines.end(), frame.lines.begin(), frame.lines.end());
    }
    return lines;
  }
  FakePeer& peer() { return *peer_; }
  TailSession& session() { return *session_; }
  std::string cursor;

 private:
  Limits limits_;
  std::shared_ptr<TailHub> hub_;
  std::shared_ptr<std::atomic<std::size_t>> open_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::shared_ptr<TailSession> session_;
};

struct Fixture {
  TestStore store;
  WorkerPool workers{2};
  std::shared_ptr<TailHub> hub = std::make_shared<TailHub>(workers);

  Tail tail(TailRequest request) { return Tail(store, hub, std::move(request)); }
};

TailRequest request(std::string_view search, std::size_t limit, bool cursors = true) {
  TailRequest tail;
  tail.tool = "local";
  tail.question = *parse_question(std::nullopt, search);
  tail.limit = limit;
  tail.cursors = cursors;
  return tail;
}

TailRequest resumed(const std::string& cursor) {
  auto tail = request("", 0);
  tail.resume = *store::Cursor::parse(cursor);
  return tail;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a tail shows the newest lines, then every new one in the order of commit") {
  Fixture test;
  test.store.add({{10, "a"}, {30, "b"}, {20, "c"}, {5, "old"}});
  auto tail = test.tail(request("", 3));
  CHECK(tail.next_lines(3) == Lines{"a", "b", "c"});
  test.store.add({{30, "equal"}});
  test.store.add({{1, "late"}, {30, "equal again"}});
  CHECK(tail.next_lines(3) == Lines{"equal", "late", "equal again"});
}

TEST_CASE("a back-fill starts where it is asked to") {
  Fixture test;
  test.store.add({{10, "before"}, {20, "at"}, {30, "after"}});
  auto wanted = request("", 100);
  wanted.start = 20;
  auto tail = test.tail(std::move(wanted));
  CHECK(tail.next_lines(2) == Lines{"at", "after"});
}

TEST_CASE("a client that asks for cursors gets a first frame even when there is nothing") {
  Fixture test;
  auto with = test.tail(request("", 10));
  const auto first = with.next();
  CHECK(first.lines.empty());
  CHECK(first.cursor.has_value());
  auto without = test.tail(request("", 10, false));
  test.store.add({{1, "x"}});
  const auto frame = without.next();
  CHECK(frame.lines == Lines{"x"});
  CHECK_FALSE(frame.cursor.has_value());
}

TEST_CASE("a tail shows only what is asked for, also of streams that come later") {
  Fixture test;
  TailRequest wanted;
  wanted.tool = "local";
  wanted.question = *parse_question(R"({job="cron", pod="p"} |= "yes")", std::nullopt);
  wanted.cursors = true;
  auto tail = test.tail(std::move(wanted));
  tail.next();
  const Labels cron({{"job", "cron"}});
  test.store.add({{1, "yes other job", Labels({{"job", "bot"}}), "p"},
                  {2, "yes", cron, "p"},
                  {3, "no", cron, "p"},
                  {4, "yes other pod", cron, "q"}});
  test.store.add({{5, "yes"}}, "other");
  test.store.add({{6, "yes at last", cron, "p"}});
  CHECK(tail.next_lines(2) == Lines{"yes", "yes at last"});
}

TEST_CASE("a slow client is not read ahead for and misses nothing") {
  Fixture test;
  auto tail = test.tail(request("", 10));
  tail.peer().take();
  Lines expected;
  for (int i = 0; i < 200; ++i) {
    std::vector<TestLine> lines;
    for (int j = 0; j < 20; ++j) {
      lines.push_back({i, std::to_string(i) + "." + std::to_string(j) + std::string(300, '.')});
      expected.push_back(lines.back().body);
    }
    test.store.add(lines);
    if (i == 100) REQUIRE(test.store->seal_all().has_value());
  }
  CHECK(tail.peer().waiting() == 0);
  tail.session().drained();
  Lines got;
  while (got.size() < expected.size()) {
    CHECK(tail.peer().waiting() <= 1);
    const auto frame = tail.next();
    CHECK(frame.lines.size() <= TailSession::kFrameLines);
    CHECK(frame.bytes < 2 * TailSession::kFrameBytes);
    got.insert(got.end(), frame.lines.begin(), frame.lines.end());
  }
  CHECK(got == expected);
}

TEST_CASE("a client that comes back with its cursor sees every line once") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Fixture test;
  Lines expected, got;
  int next = 0;
  const auto add = [&] {
    std::vector<TestLine> lines;
    for (auto count = 1 + random() % 5; count > 0; --count) {
      lines.push_back({static_cast<std::int64_t>(random() % 3), std::to_string(next++)});
      expected.push_back(lines.back().body);
    }
    test.store.add(lines);
  };
  std::string cursor;
  {
    auto tail = test.tail(request("", 10));
    cursor = *tail.next().cursor;
  }
  for (int round = 0; round < 40; ++round) {
    for (auto count = random() % 4; count > 0; --count) add();
    if (random() % 5 == 0) REQUIRE(test.store->seal_all().has_value());
    if (random() % 10 == 0) {
      test.store.reopen();
    }
    auto tail = test.tail(resumed(cursor));
    add();
    for (auto frames = 1 + random() % 2; frames > 0 && got.size() < expected.size(); --frames) {
      const auto frame = tail.next();
      got.insert(got.end(), frame.lines.begin(), frame.lines.end());
      cursor = *frame.cursor;
    }
  }
  auto tail = test.tail(resumed(cursor));
  const auto rest = tail.next_lines(expected.size() - got.size());
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK(got == expected);
}

TEST_CASE("a long back-fill comes in frames, each a place to come back to") {
  Fixture test;
  Lines expected;
  for (int i = 0; i < 50; ++i) {
    std::vector<TestLine> lines;
    for (int j = 0; j < 50; ++j) lines.push_back({i, std::to_string(i * 50 + j)});
    for (const auto& line : lines) expected.push_back(line.body);
    test.store.add(lines);
  }
  Frame first;
  {
    auto tail = test.tail(request("", 5'000));
    first = tail.next();
    CHECK(first.lines.size() == TailSession::kFrameLines);
  }
  auto got = first.lines;
  auto tail = test.tail(resumed(*first.cursor));
  const auto rest = tail.next_lines(expected.size() - got.size());
  got.insert(got.end(), rest.begin(), rest.end());
  CHECK(got == expected);
}

TEST_CASE("tails of a busy tool see each line once while many write") {
  Fixture test;
  auto tail = test.tail(request("", 10));
  constexpr int kWriters = 3, kBatches = 40;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        for (int i = 0; i < kBatches; ++i) {
          const auto name = std::to_string(writer) + "/" + std::to_string(i);
          test.store.add({{1, name + "a"}, {1, name + "b"}});
          if (writer == 0 && i % 10 == 0) (void)test.store->seal_all();
        }
      });
    }
  }
  auto got = tail.next_lines(kWriters * kBatches * 2);
  for (std::size_t i = 0; i < got.size(); i += 2) {
    CHECK(got[i].back() == 'a');
    CHECK(got[i + 1].back() == 'b');
  }
  std::ranges::sort(got);
  CHECK(std::ranges::adjacent_find(got) == got.end());
}

TEST_CASE("a tail that has ended is left alone") {
  Fixture test;
  auto tail = test.tail(request("", 10));
  tail.next();
  auto& peer = tail.peer();
  tail.close();
  test.store.add({{1, "x"}});
  auto other = test.tail(request("", 10));
  CHECK(other.next_lines(1) == Lines{"x"});
  CHECK(peer.waiting() == 0);
}

TEST_CASE("a back-fill over its limits closes with the reason") {
  TestStore store;
  store.add({{1, std::string(1'000, 'x')}});
  WorkerPool workers{1};
  auto hub = std::make_shared<TailHub>(workers);
  const Limits limits{.answer_bytes = 100};
  const auto session = std::make_shared<TailSession>(
      *store, limits, hub, std::make_shared<std::atomic<std::size_t>>(0), request("", 10));
  const auto peer = std::make_shared<FakePeer>();
  session->start(peer);
  CHECK(peer->how_closed().starts_with("1011 the answer would be over 100 bytes"));
  session->closed();
}

TEST_CASE("a full worker pool delays a tail and loses nothing") {
  TestStore store;
  auto workers = std::make_unique<WorkerPool>(1, 1);
  auto hub = std::make_shared<TailHub>(*workers);
  Tail tail(store, hub, request("", 10));
  tail.next();
  std::mutex gate;
  std::unique_lock closed(gate);
  const auto wait = [&gate] { std::lock_guard pass(gate); };
  REQUIRE(workers->post(wait));
  while (workers->post(wait)) continue;
  store.add({{1, "x"}});
  closed.unlock();
  CHECK(tail.next_lines(1) == Lines{"x"});
  tail.close();
}

}  // namespace logboom::query
