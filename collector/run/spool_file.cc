#include "collector/run/spool_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

namespace logboom::collector {

Result<OpenedSpool> open_spool(const std::string& path, const std::string& run) {
  OpenedSpool spool;
  spool.file =
      Descriptor(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!spool.file.open()) {
    if (errno == ENOENT) return fail(Errc::not_found, path + ": gone");
    if (errno == ELOOP) return fail(Errc::invalid, path + ": a symbolic link");
    if (errno == EISDIR || errno == ENXIO) return fail(Errc::invalid, path + ": no regular file");
    return fail(system_error("open " + path, errno));
  }
  struct stat facts{};
  if (::fstat(spool.file.get(), &facts) != 0) return fail(system_error("stat " + path, errno));
  if (!S_ISREG(facts.st_mode)) return fail(Errc::invalid, path + ": no regular file");
  if (facts.st_nlink != 1) return fail(Errc::invalid, path + ": has another name");
  if (::geteuid() != 0 && facts.st_uid != ::geteuid()) {
    return fail(Errc::invalid, path + ": another user's");
  }
  if ((facts.st_mode & 077) != 0) return fail(Errc::invalid, path + ": not its owner's alone");
  // The lock first: who holds it may write until we look at the size.
  spool.finished = ::flock(spool.file.get(), LOCK_EX | LOCK_NB) == 0;
  if (spool.finished) ::flock(spool.file.get(), LOCK_UN);
  if (::fstat(spool.file.get(), &facts) != 0) return fail(system_error("stat " + path, errno));
  spool.owner = facts.st_uid;
  spool.size = static_cast<std::uint64_t>(facts.st_size);
  spool.changed_ns = std::int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
  std::string block(kSpoolHeader, '\0');
  const auto got = ::pread(spool.file.get(), block.data(), block.size(), 0);
  if (got < 0) return fail(system_error("read " + path, errno));
  block.resize(static_cast<std::size_t>(got));
  auto header = decode_header(block);
  if (!header) return fail(std::move(header).error().in(path));
  if (field(header->fields, "run") != run) {
    return fail(Errc::invalid, path + ": of another run than its name says");
  }
  spool.header = *std::move(header);
  return spool;
}

std::string run_of_spool(std::string_view path) {
  auto name = path.substr(path.rfind('/') + 1);
  if (!name.ends_with(kSpoolSuffix)) return {};
  name.remove_suffix(kSpoolSuffix.size());
  return valid_run_id(name) ? std::string(name) : std::string();
}

std::int64_t last_words_time(const OpenedSpool& spool) {
  const auto text = field(spool.header.last_words, "time_ns");
  auto time_ns = spool.changed_ns;
  std::from_chars(text.data(), text.data() + text.size(), time_ns);
  return time_ns;
}

void settle(int file, std::uint64_t acknowledged, std::uint64_t resume, bool punch) {
  std::array<char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(acknowledged >> (8 * i));
    bytes[8 + i] = static_cast<char>(resume >> (8 * i));
  }
  const bool written =
      ::pwrite(file, bytes.data(), bytes.size(), 8) == static_cast<ssize_t>(bytes.size());
  // Never a hole in front of which the header, after a power cut, still points.
  if (!written || !punch || ::fdatasync(file) != 0) return;
  const auto until = resume / kSpoolHeader * kSpoolHeader;
  if (until <= kSpoolHeader) return;
  (void)::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kSpoolHeader,
                    static_cast<off_t>(until - kSpoolHeader));
}

void FrameReader::restart(std::uint64_t offset) {
  offset_ = offset;
  for (auto& line : lines_) line = {};
  ended_ = false;
}

std::uint64_t FrameReader::resume() const {
  auto least = offset_;
  for (const auto& line : lines_) {
    if (line.open()) least = std::min(least, line.frame);
  }
  return least;
}

std::size_t FrameReader::held_bytes() const {
  return lines_[0].text.size() + lines_[1].text.size();
}

// Whatever it says, it is about this run.
std::optional<RunEvent> FrameReader::event_of(std::int64_t time_ns, const Fields& fields) const {
  if (fields.empty()) return std::nullopt;
  auto event = parse_run_event(time_ns, fields);
  if (!event) return std::nullopt;
  using Kind = RunEvent::Kind;
  if (event->kind != Kind::start && event->kind != Kind::end && event->kind != Kind::sample) {
    return std::nullopt;
  }
  event->run = run_;
  event->job = job_;
  event->sources.clear();
  return *std::move(event);
}

}  // namespace logboom::collector
