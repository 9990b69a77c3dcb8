#include "collector/run/spool_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kLookEvery = 1 << 20;  // written bytes between two looks at the disk
constexpr milliseconds kLastWait{1'000};

std::uint64_t disk_bytes(int file) {
  struct stat facts{};
  return ::fstat(file, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * 512 : 0;
}

bool nearly_full(int file) {
  struct statvfs facts{};
  if (::fstatvfs(file, &facts) != 0) return false;
  return facts.f_bavail < facts.f_blocks / 20;
}

}  // namespace

struct SpoolWriter::Shared {
  std::string path;
  Fields header;
  std::uint64_t limit_bytes = 0;

  // The thread's own.
  Descriptor file;
  std::uint64_t end = kSpoolHeader;
  std::uint64_t looked_at = 0;
  bool no_room = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable filled, settled;
  std::deque<Item> queue;
  std::size_t queued = 0;
  std::uint64_t lost = 0, told = 0;
  std::uint64_t given = 0, done = 0;  // items
  bool opened = false, tried = false, closing = false;

  bool open();
  bool room();
  bool append(FrameKind kind, std::int64_t time_ns, std::string_view bytes);
  void write(const Item& item);
  void tell_gap(std::int64_t time_ns);
};

bool SpoolWriter::Shared::open() {
  std::error_code ignored;  // open() tells
  const auto directory = std::filesystem::path(path).parent_path();
  if (!std::filesystem::exists(directory, ignored)) {
    std::filesystem::create_directories(directory.parent_path(), ignored);
    (void)!::mkdir(directory.c_str(), 0700);
  }
  // Under another name until it has a lock and a header, so that nobody looks at it before.
  const auto unborn = path + std::string(kUnbornSuffix);
  file =
      Descriptor(::open(unborn.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.open()) return false;
  const auto block = encode_header({.fields = header, .last_words = {}});
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::pwrite(file.get(), block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()) ||
      ::rename(unborn.c_str(), path.c_str()) != 0) {
    ::unlink(unborn.c_str());
    file.close();
    return false;
  }
  return true;
}

bool SpoolWriter::Shared::room() {
  if (looked_at == 0 || no_room || end - looked_at >= kLookEvery) {
    looked_at = end;
    no_room = disk_bytes(file.get()) >= limit_bytes || nearly_full(file.get());
  }
  return !no_room;
}

bool SpoolWriter::Shared::append(FrameKind kind, std::int64_t time_ns, std::string_view bytes) {
  auto head = encode_frame_header(kind, time_ns, bytes.size());
  iovec parts[2] = {{head.data(), head.size()}, {const_cast<char*>(bytes.data()), bytes.size()}};
  const auto whole = head.size() + bytes.size();
  const auto written = ::pwritev(file.get(), parts, 2, static_cast<off_t>(end));
  if (written != static_cast<ssize_t>(whole)) {
    (void)!::ftruncate(file.get(), static_cast<off_t>(end));
    return false;
  }
  end += whole;
  return true;
}

void SpoolWriter::Shared::tell_gap(std::int64_t time_ns) {
  std::uint64_t missing = 0;
  {
    const std::scoped_lock lock(mutex);
    missing = lost - told;
  }
  if (missing == 0 || !append(FrameKind::gap, time_ns, encode_gap({missing, "spool full"}))) return;
  const std::scoped_lock lock(mutex);
  told += missing;
}

void SpoolWriter::Shared::write(const Item& item) {
  const bool output = item.kind == FrameKind::out || item.kind == FrameKind::err;
  bool kept = file.open() && (!output || room());
  if (kept) {
    tell_gap(item.time_ns);
    if (item.last) {
      auto fields = *decode_fields(item.bytes);
      const std::scoped_lock lock(mutex);
      if (lost > 0) fields.emplace_back("lost_bytes", std::to_string(lost));
      const auto bytes = encode_fields(fields);
      if (!append(item.kind, item.time_ns, bytes)) {
        fields.emplace_back("time_ns", std::to_string(item.time_ns));
        if (const auto words = encode_last_words(std::move(fields))) {
          (void)!::pwrite(file.get(), words->data(), words->size(), kLastWordsAt);
        }
      }
      return;
    }
    kept = append(item.kind, item.time_ns, item.bytes);
    no_room = no_room || !kept;
  }
  if (!kept && output) {
    const std::scoped_lock lock(mutex);
    lost += item.bytes.size();
  }
  if (kept && item.synced) ::fdatasync(file.get());
}

SpoolWriter::SpoolWriter(std::string directory, Fields header, std::uint64_t limit_bytes)
    : shared_(std::make_shared<Shared>()) {
  shared_->path =
      std::move(directory) + "/" + std::string(field(header, "run")) + std::string(kSpoolSuffix);
  shared_->header = std::move(header);
  shared_->limit_bytes = limit_bytes;
  try {
    std::thread([shared = shared_] { run(*shared); }).detach();
  } catch (const std::system_error&) {  // a limit on processes or memory
    shared_->tried = shared_->closing = true;
  }
}

SpoolWriter::~SpoolWriter() {
  (void)sync(kLastWait);
  const std::scoped_lock lock(shared_->mutex);
  shared_->closing = true;
  shared_->filled.notify_all();
}

void SpoolWriter::run(Shared& shared) {
  const bool opened = shared.open();
  std::unique_lock lock(shared.mutex);
  shared.tried = true;
  shared.opened = opened;
  shared.settled.notify_all();
  while (true) {
    shared.filled.wait(lock, [&] { return !shared.queue.empty() || shared.closing; });
    if (shared.queue.empty()) return;
    auto item = std::move(shared.queue.front());
    shared.queue.pop_front();
    shared.queued -= item.bytes.size();
    lock.unlock();
    shared.write(item);
    lock.lock();
    ++shared.done;
    if (shared.queue.empty()) shared.settled.notify_all();
  }
}

void SpoolWriter::put(Item item) {
  const std::scoped_lock lock(shared_->mutex);
  if (shared_->closing) return;  // there is no thread
  const bool output = item.kind == FrameKind::out || item.kind == FrameKind::err;
  if (output && shared_->queued + item.bytes.size() > kMaxQueued) {
    shared_->lost += item.bytes.size();
    return;
  }
  shared_->queued += item.bytes.size();
  shared_->queue.push_back(std::move(item));
  ++shared_->given;
  shared_->filled.notify_one();
}

void SpoolWriter::output(FrameKind kind, std::int64_t time_ns, std::string bytes) {
  put({.kind = kind, .time_ns = time_ns, .bytes = std::move(bytes)});
}

void SpoolWriter::event(const RunEvent& event) {
  put({.kind = FrameKind::event,
       .time_ns = event.time_ns,
       .bytes = encode_fields(fields(event)),
       .synced = event.kind == RunEvent::Kind::start});
}

void SpoolWriter::end(RunEvent event) {
  event.lost_bytes = -1;
  put({.kind = FrameKind::event,
       .time_ns = event.time_ns,
       .bytes = encode_fields(fields(event)),
       .last = true});
}

bool SpoolWriter::sync(milliseconds most) {
  std::unique_lock lock(shared_->mutex);
  return shared_->settled.wait_for(
      lock, most, [&] { return shared_->tried && shared_->done == shared_->given; });
}

bool SpoolWriter::usable() {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->opened;
}

}  // namespace logboom::collector
