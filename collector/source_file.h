// One file being read: which one it is, how far it has been read, shipped and acknowledged.
//
// A source is one generation of one file. The same path with another inode, an inode used again, a
// file truncated or written anew is another source with another number, because no position of a
// source may ever mean two different bytes.
// Threads: the collector's only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "collector/checkpoint.h"
#include "collector/container_output.h"
#include "collector/cri.h"
#include "collector/descriptor.h"
#include "collector/line_reader.h"
#include "collector/origin.h"
#include "core/result.h"

namespace logboom::collector {

using Clock = std::chrono::steady_clock;

inline constexpr std::size_t kHeadBytes = 1024, kTailBytes = 256;
// The position of a source's last gap record. Fixed, so that telling it again after a crash is seen
// for what it is, however much of the source the store has.
inline constexpr std::uint64_t kEndOfSource = std::uint64_t{1} << 62;
// SavedSource::ended of a file that was read to its end and has no name any more.
inline constexpr std::string_view kFinished = "finished";

struct Source {
  // A shipped batch without an answer, and where the source stands once it is stored.
  struct Shipped {
    std::uint64_t previous = 0, next = 0;
    Mark mark;
    bool gap = false;
  };
  struct Gap {
    std::string reason;
    std::uint64_t missing_bytes = 0;  // at least
  };

  SavedSource saved;  // number, identity, what is acknowledged, paths
  std::string id;
  Origin origin;

  std::shared_ptr<ContainerOutput> output;  // of its container's instance; may be null

  Descriptor file;
  std::uint64_t offset = 0;   // up to here the bytes are taken apart
  std::uint64_t shipped = 0;  // the next batch's `previous`
  std::uint64_t known = 0;    // records up to here are settled already: drop them
  std::string tail;           // the up to kTailBytes before `offset`
  LineReader lines;
  PieceJoiner pieces;

  std::deque<Shipped> in_flight;
  std::uint32_t epoch = 0;
  int fruitless = 0;  // conflicts and refusals since something was stored

  bool registered = false;  // its number is durable: it may be read
  bool queued = false;      // in the list of those to read
  bool target_watched = false;
  bool gone = false;       // its path leads elsewhere now; only the handle has it
  bool flush = false;      // nothing will complete its last line: take it as it is
  std::string left_path;   // the name it had before it was rotated
  std::optional<Gap> gap;  // to be told as the last of this source
  Clock::time_point grown{}, not_before{}, used{};

  [[nodiscard]] bool ended() const { return !saved.ended.empty(); }
  // Where reading must restart to build again what is unfinished now.
  [[nodiscard]] std::uint64_t resume() const;
  [[nodiscard]] std::uint64_t unread() const;
};

struct OpenedFile {
  Descriptor file;
  Identity identity;
  std::uint64_t size = 0;
};
// Follows symbolic links. Errors: not_found; invalid (not a regular file); denied; io.
[[nodiscard]] Result<OpenedFile> open_source(const std::string& path);
// Identity and size of what a path leads to now; nothing if to no regular file.
struct FileFacts {
  Identity identity;  // without the birth time
  std::uint64_t size = 0;
  bool link = false;  // the path itself is a symbolic link
};
[[nodiscard]] std::optional<FileFacts> look_at(const std::string& path);

// Up to `size` bytes at `offset`, fewer at the file's end. Errors: io.
[[nodiscard]] Result<std::size_t> read_at(int file, char* to, std::size_t size,
                                          std::uint64_t offset);
// Has anybody the file open for writing? Asked through a read lease, which is refused then; where
// leases are not to be had (another owner's file, network file systems) the answer is no.
[[nodiscard]] bool has_writer(int file);
[[nodiscard]] std::uint64_t fingerprint(std::string_view bytes);

// Is the open file still the one that was saved, with the same bytes up to where it was read?
enum class Match : std::uint8_t { same, truncated, replaced, other_file };
[[nodiscard]] bool head_matches(const OpenedFile& opened, const SavedSource& saved);
[[nodiscard]] Match compare(const OpenedFile& opened, const SavedSource& saved);

// Sets a source with an open file to read on at `resume`, dropping records up to `known`.
[[nodiscard]] Result<void> place(Source& source, std::uint64_t resume, std::uint64_t known);
// Does the open file still hold what was read of it last (and, before anything was, its first
// bytes)?
[[nodiscard]] bool unchanged(const Source& source);
// Takes the fingerprint of the head, where there is more of it than was taken before.
void take_head(Source& source, std::uint64_t up_to);

}  // namespace logboom::collector
