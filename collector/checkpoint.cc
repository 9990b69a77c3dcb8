#include "collector/checkpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>

#include "collector/state_text.h"
#include "core/log.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kFirstLine = "logboom-checkpoint 1";
constexpr std::size_t kMaxFileBytes = 256 << 20;

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

// The words of one line, read one after the other; a missing or wrong one is remembered.
class Words {
 public:
  explicit Words(std::string_view line) : line_(line) {}

  std::string_view word() {
    const auto space = line_.find(' ');
    const auto word = line_.substr(0, space);
    line_ = space == std::string_view::npos ? std::string_view{} : line_.substr(space + 1);
    if (word.empty()) ok_ = false;
    return word;
  }
  template <class Number>
  void number(Number& value, int base = 10) {
    const auto text = word();
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value, base);
    if (read.ec != std::errc{} || read.ptr != end) ok_ = false;
  }
  [[nodiscard]] bool ok() const { return ok_ && line_.empty(); }

 private:
  std::string_view line_;
  bool ok_ = true;
};

bool parse_source(std::string_view rest, SavedSource& source) {
  Words words(rest);
  words.number(source.number);
  words.number(source.identity.device);
  words.number(source.identity.inode);
  words.number(source.identity.birth_ns);
  words.number(source.mark.acked);
  words.number(source.mark.resume);
  words.number(source.mark.tail_end);
  words.number(source.mark.tail_hash, 16);
  words.number(source.head_size);
  words.number(source.head_hash, 16);
  words.number(source.size);
  source.ended = unescape_word(words.word());
  source.origin_path = unescape_word(words.word());
  source.path = unescape_word(words.word());
  return words.ok();
}

void print_source(const SavedSource& source, std::string& out) {
  char text[320];
  const int size = std::snprintf(
      text, sizeof text, "source %llu %llu %llu %lld %llu %llu %llu %016llx %llu %016llx %llu ",
      static_cast<unsigned long long>(source.number),
      static_cast<unsigned long long>(source.identity.device),
      static_cast<unsigned long long>(source.identity.inode),
      static_cast<long long>(source.identity.birth_ns),
      static_cast<unsigned long long>(source.mark.acked),
      static_cast<unsigned long long>(source.mark.resume),
      static_cast<unsigned long long>(source.mark.tail_end),
      static_cast<unsigned long long>(source.mark.tail_hash),
      static_cast<unsigned long long>(source.head_size),
      static_cast<unsigned long long>(source.head_hash),
      static_cast<unsigned long long>(source.size));
  out.append(text, static_cast<std::size_t>(size));
  out += escape_word(source.ended) + ' ' + escape_word(source.origin_path) + ' ' +
         escape_word(source.path) + '\n';
}

std::string new_collector_id(const std::string& host) {
  std::random_device random;
  return host + "-" + hex((std::uint64_t{random()} << 32) | random());
}

}  // namespace

std::string print_checkpoint(const CheckpointState& state) {
  std::string text(kFirstLine);
  text += "\ncollector " + escape_word(state.collector) + "\nnext " +
          std::to_string(state.next_number) + "\nlooked " + std::to_string(state.looked_ns) + "\n";
  for (const auto& source : state.sources) print_source(source, text);
  return with_checksum(std::move(text));
}

Result<CheckpointState> parse_checkpoint(std::string_view text) {
  const auto checked = check_checksum(text);
  if (!checked) return fail(checked.error());
  text = *checked;
  CheckpointState state;
  std::size_t begin = 0;
  for (int number = 1; begin < text.size(); ++number) {
    const auto newline = text.find('\n', begin);
    const auto wrong = [&](std::string_view what) {
      return fail(Errc::corrupt, "line " + std::to_string(number) + ": " + std::string(what));
    };
    auto line = text.substr(begin, newline - begin);
    const auto key = line.substr(0, line.find(' '));
    Words words(line.substr(std::min(line.size(), key.size() + 1)));
    if (number == 1) {
      if (line != kFirstLine) return wrong("not a checkpoint of this version");
    } else if (key == "collector") {
      state.collector = unescape_word(words.word());
      if (!words.ok()) return wrong("no collector id");
    } else if (key == "next") {
      words.number(state.next_number);
      if (!words.ok()) return wrong("no number");
    } else if (key == "looked") {
      words.number(state.looked_ns);
      if (!words.ok()) return wrong("no time");
    } else if (key == "source") {
      if (!parse_source(line.substr(std::min(line.size(), key.size() + 1)),
                        state.sources.emplace_back())) {
        return wrong("not a source");
      }
    } else {
      return wrong("unknown word");
    }
    begin = newline + 1;
  }
  if (state.collector.empty()) return fail(Errc::corrupt, "no collector id");
  return state;
}

Result<Checkpoint> Checkpoint::open(const std::string& directory, const std::string& host) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) return fail(system_error("create state directory " + directory, code.value()));
  const auto lock_path = directory + "/lock";
  Descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!lock.open()) return fail(system_error("open " + lock_path, errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::busy, directory +
                                ": another collector uses this state directory; stop it, or give "
                                "this one its own");
  }
  Checkpoint checkpoint(directory, std::move(lock));
  const auto path = directory + "/checkpoint";
  const auto text = read_whole(path, kMaxFileBytes);
  auto parsed = text ? parse_checkpoint(*text) : fail(text.error());
  if (parsed) {
    checkpoint.state_ = *std::move(parsed);
    return checkpoint;
  }
  if (parsed.error().code == Errc::corrupt) {
    const auto aside = path + ".bad-" + std::to_string(now_ns() / 1'000'000);
    log::error("checkpoint unreadable: starting anew, lines may be stored twice",
               {{"path", path}, {"error", parsed.error().message}, {"moved_to", aside}});
    std::filesystem::rename(path, aside, code);
    if (code) return fail(system_error("rename " + path, code.value()));
  } else if (parsed.error().code != Errc::not_found) {
    return fail(std::move(parsed).error());
  }
  checkpoint.state_.collector = new_collector_id(host);
  if (auto saved = checkpoint.save(checkpoint.state_); !saved) return fail(saved.error());
  return checkpoint;
}

Result<void> Checkpoint::save(const CheckpointState& state) {
  return replace_file(directory_ + "/checkpoint", print_checkpoint(state));
}

}  // namespace logboom::collector
