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

#include "collector/run/detach.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kLookEvery = 1 << 20;  // written bytes between two looks at the disk

std::uint64_t disk_bytes(int file) {
  struct stat facts{};
  return ::fstat(file, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * 512 : 0;
}

bool nearly_full(int file) {
  struct statvfs facts{};
  if (::fstatvfs(file, &facts) != 0) return false;
  return facts.f_bavail < facts.f_blocks / 20;
}

std::uint64_t frame_size(std::string_view bytes) { return kFrameHeader + bytes.size(); }

}  // namespace

// What the thread does next to the file follows byte for byte from what the mutex guards. So a copy
// of this process made under the mutex may do it once more, whether or not it was done before.
struct SpoolWriter::Shared {
  std::string path;
  Fields header;
  std::uint64_t limit_bytes = 0;

  // The thread's own.
  std::uint64_t looked_at = 0;
  bool no_room = false;

  std::mutex mutex;  // guards what follows; not held while the disk works
  std::condition_variable filled, settled;
  std::deque<Item> queue;
  std::size_t queued = 0;
  std::uint64_t lost = 0, told = 0;
  std::uint64_t given = 0, done = 0;  // items
  bool opened = false, tried = false, closing = false;
  // Changed by the thread alone.
  Descriptor file;
  std::uint64_t end = kSpoolHeader;
  Item item;
  std::uint64_t telling = 0;  // by the gap frame that is being written before the item
  bool writing = false, gap_settled = false, cutting = false;
  bool left = false;  // another process writes on; nothing may be done to the file any more

  bool open();
  bool room();
  void take_next();
  void write();
  void write_end();
  bool tell_gap();
  bool append(FrameKind kind, std::string_view bytes);
  bool cut_torn();
  bool leave_to_other_process();
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
  Descriptor born(::open(unborn.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!born.open()) return false;
  const auto block = encode_header({.fields = header, .last_words = {}});
  if (::flock(born.get(), LOCK_EX | LOCK_NB) != 0 ||
      ::pwrite(born.get(), block.data(), block.size(), 0) != static_cast<ssize_t>(block.size()) ||
      ::rename(unborn.c_str(), path.c_str()) != 0) {
    ::unlink(unborn.c_str());
    return false;
  }
  const std::scoped_lock lock(mutex);
  file = std::move(born);
  return true;
}

bool SpoolWriter::Shared::room() {
  if (looked_at == 0 || no_room || end - looked_at >= kLookEvery) {
    looked_at = end;
    no_room = disk_bytes(file.get()) >= limit_bytes || nearly_full(file.get());
  }
  return !no_room;
}

void SpoolWriter::Shared::take_next() {
  item = std::move(queue.front());
  queue.pop_front();
  queued -= item.bytes.size();
  writing = true;
  gap_settled = false;
}

void SpoolWriter::Shared::write() {
  const bool output = item.kind == FrameKind::out || item.kind == FrameKind::err;
  const bool tried_it = file.open() && (!output || room());
  if (tried_it && !tell_gap()) return;
  if (tried_it && item.last) return write_end();
  const bool whole = tried_it && append(item.kind, item.bytes);
  if (tried_it && !whole && !cut_torn()) return;
  no_room = no_room || (tried_it && !whole);
  if (whole && item.synced) ::fdatasync(file.get());
  const std::scoped_lock lock(mutex);
  if (left) return;
  if (whole) end += frame_size(item.bytes);
  if (!whole && output) lost += item.bytes.size();
  writing = false;
}

void SpoolWriter::Shared::write_end() {
  auto fields = *decode_fields(item.bytes);
  {
    const std::scoped_lock lock(mutex);
    if (lost > 0) fields.emplace_back("lost_bytes", std::to_string(lost));
  }
  const auto bytes = encode_fields(fields);
  const bool whole = append(item.kind, bytes);
  if (!whole) {
    if (!cut_torn()) return;
    fields.emplace_back("time_ns", std::to_string(item.time_ns));
    if (const auto words = encode_last_words(std::move(fields))) {
      (void)!::pwrite(file.get(), words->data(), words->size(), kLastWordsAt);
    }
  }
  const std::scoped_lock lock(mutex);
  if (left) return;
  if (whole) end += frame_size(bytes);
  writing = false;
}

// Before the item, where anything is missing. False: the file is another's now.
bool SpoolWriter::Shared::tell_gap() {
  {
    const std::scoped_lock lock(mutex);
    if (left) return false;
    if (telling == 0 && !gap_settled) telling = lost - told;
    if (telling == 0) gap_settled = true;
    if (gap_settled) return true;
  }
  const auto bytes = encode_gap({telling, "spool full"});
  const bool whole = append(FrameKind::gap, bytes);
  if (!whole && !cut_torn()) return false;
  const std::scoped_lock lock(mutex);
  if (left) return false;
  if (whole) {
    end += frame_size(bytes);
    told += telling;
  }
  telling = 0;
  gap_settled = true;
  return true;
}

bool SpoolWriter::Shared::append(FrameKind kind, std::string_view bytes) {
  auto head = encode_frame_header(kind, item.time_ns, bytes.size());
  iovec parts[2] = {{head.data(), head.size()}, {const_cast<char*>(bytes.data()), bytes.size()}};
  const auto written = ::pwritev(file.get(), parts, 2, static_cast<off_t>(end));
  return written == static_cast<ssize_t>(frame_size(bytes));
}

// Nobody may write meanwhile. False: the file is another's now.
bool SpoolWriter::Shared::cut_torn() {
  {
    const std::scoped_lock lock(mutex);
    if (left) return false;
    cutting = true;
  }
  (void)!::ftruncate(file.get(), static_cast<off_t>(end));
  const std::scoped_lock lock(mutex);
  cutting = false;
  return true;
}

// Called under the mutex. The other process has the file, and with it the lock, from here.
bool SpoolWriter::Shared::leave_to_other_process() {
  if (!file.open() || cutting || done == given) return false;
  return detach({file.get()}, [this] {
    mutex.unlock();
    if (writing) write();
    while (!queue.empty()) {
      take_next();
      write();
    }
    ::fdatasync(file.get());
  });
}

SpoolWriter::SpoolWriter(std::string directory, Fields header, std::uint64_t limit_bytes,
                         milliseconds last_wait)
    : shared_(std::make_shared<Shared>()), last_wait_(last_wait) {
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
  const bool written = sync(last_wait_);
  const std::scoped_lock lock(shared_->mutex);
  if (!written) shared_->left = shared_->leave_to_other_process();
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
    if (shared.left || shared.queue.empty()) return;
    shared.take_next();
    lock.unlock();
    shared.write();
    lock.lock();
    if (shared.left) return;
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
