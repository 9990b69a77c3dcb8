#include "collector/source_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace logboom::collector {

std::uint64_t Source::resume() const {
  const auto held = lines.held_from();
  const auto piece = pieces.oldest_begin();
  return std::min({offset, held.value_or(offset), piece.value_or(offset)});
}

std::uint64_t Source::unread() const { return saved.size > offset ? saved.size - offset : 0; }

Result<OpenedFile> open_source(const std::string& path) {
  // Not blocking: a pipe in place of a file must not hang us.
  OpenedFile opened;
  opened.file = Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!opened.file.open()) {
    auto error = system_error("open " + path, errno);
    if (errno == ENOENT) error.code = Errc::not_found;
    return fail(std::move(error));
  }
  struct statx facts{};
  if (::statx(opened.file.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &facts) != 0) {
    return fail(system_error("stat " + path, errno));
  }
  if (!S_ISREG(facts.stx_mode)) {
    return fail(Errc::invalid, path + ": not a regular file, so it is not read");
  }
  opened.identity.device =
      (std::uint64_t{facts.stx_dev_major} << 32) | std::uint64_t{facts.stx_dev_minor};
  opened.identity.inode = facts.stx_ino;
  if (facts.stx_mask & STATX_BTIME) {
    opened.identity.birth_ns = facts.stx_btime.tv_sec * 1'000'000'000 + facts.stx_btime.tv_nsec;
  }
  opened.size = facts.stx_size;
  return opened;
}

std::optional<FileFacts> look_at(const std::string& path) {
  struct statx facts{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &facts) != 0) {
    return std::nullopt;
  }
  FileFacts found;
  found.link = S_ISLNK(facts.stx_mode);
  if (found.link && ::statx(AT_FDCWD, path.c_str(), 0, STATX_BASIC_STATS, &facts) != 0) {
    return std::nullopt;
  }
  if (!S_ISREG(facts.stx_mode)) return std::nullopt;
  found.identity.device =
      (std::uint64_t{facts.stx_dev_major} << 32) | std::uint64_t{facts.stx_dev_minor};
  found.identity.inode = facts.stx_ino;
  found.size = facts.stx_size;
  return found;
}

Result<std::size_t> read_at(int file, char* to, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const auto got = ::pread(file, to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error("read", errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

bool has_writer(int file) {
  if (::fcntl(file, F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  (void)::fcntl(file, F_SETLEASE, F_UNLCK);
  return false;
}

std::uint64_t fingerprint(std::string_view bytes) { return XXH64(bytes.data(), bytes.size(), 0); }

namespace {

bool same_bytes(int file, std::uint64_t begin, std::uint64_t size, std::uint64_t hash) {
  std::array<char, kHeadBytes> bytes;
  if (size == 0) return true;
  if (size > bytes.size()) return false;
  const auto got = read_at(file, bytes.data(), size, begin);
  return got && *got == size && fingerprint({bytes.data(), *got}) == hash;
}

}  // namespace

bool head_matches(const OpenedFile& opened, const SavedSource& saved) {
  return same_bytes(opened.file.get(), 0, saved.head_size, saved.head_hash);
}

Match compare(const OpenedFile& opened, const SavedSource& saved) {
  const auto& now = opened.identity;
  const auto& then = saved.identity;
  if (now.device != then.device || now.inode != then.inode) return Match::other_file;
  if (now.birth_ns != 0 && then.birth_ns != 0 && now.birth_ns != then.birth_ns) {
    return Match::other_file;
  }
  const auto tail = std::min<std::uint64_t>(kTailBytes, saved.mark.tail_end);
  if (opened.size < std::max(saved.mark.tail_end, saved.head_size)) return Match::truncated;
  const bool same =
      head_matches(opened, saved) &&
      same_bytes(opened.file.get(), saved.mark.tail_end - tail, tail, saved.mark.tail_hash);
  return same ? Match::same : Match::replaced;
}

Result<void> place(Source& source, std::uint64_t resume, std::uint64_t known) {
  std::array<char, kTailBytes> bytes;
  const auto size = std::min<std::uint64_t>(kTailBytes, resume);
  const auto got = read_at(source.file.get(), bytes.data(), size, resume - size);
  if (!got) return fail(got.error());
  if (*got != size) return fail(Errc::io, source.saved.path + ": shorter than what was read of it");
  source.tail.assign(bytes.data(), *got);
  source.offset = resume;
  source.known = source.shipped = known;
  source.lines.reset();
  source.pieces.reset();
  return {};
}

bool unchanged(const Source& source) {
  const int file = source.file.get();
  const auto tail = source.tail.size();
  return same_bytes(file, source.offset - tail, tail, fingerprint(source.tail)) &&
         (source.offset >= source.saved.head_size ||
          same_bytes(file, 0, source.saved.head_size, source.saved.head_hash));
}

void take_head(Source& source, std::uint64_t up_to) {
  std::array<char, kHeadBytes> bytes;
  const auto size = std::min<std::uint64_t>(kHeadBytes, up_to);
  if (size <= source.saved.head_size) return;
  const auto got = read_at(source.file.get(), bytes.data(), size, 0);
  if (!got || *got != size) return;
  source.saved.head_size = size;
  source.saved.head_hash = fingerprint({bytes.data(), *got});
}

}  // namespace logboom::collector
