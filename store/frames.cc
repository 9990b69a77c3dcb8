#include "store/frames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/bytes.h"
#include "store/compression.h"
#include "store/templates.h"

namespace logboom::store {
namespace {

enum class FrameCodec : unsigned char { plain = 1, templates = 2 };  // on disk
constexpr std::size_t kLeastCompressed = 32;  // shorter streams are stored as they are
constexpr std::size_t kLeastDictionary = 64;
constexpr int kPlainStreams = 2;  // lengths, bodies

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "stored lines: wrong " + std::string(what));
}

// A stream is followed by its packed bytes, or by itself where packing does not pay: then both
// sizes are equal.
void put_stream(std::string& out, std::string_view raw, int level, const Dictionary* dictionary) {
  put_varint(out, raw.size());
  if (raw.size() >= kLeastCompressed) {
    const auto packed = compress(raw, level, dictionary);
    if (!packed.empty() && packed.size() < raw.size()) {
      put_text(out, packed);
      return;
    }
  }
  put_text(out, raw);
}

using Lines = std::span<const std::string_view>;

// One codec over the frames of a block, first to last.
class Encoder {
 public:
  explicit Encoder(int level) : level_(level) {}
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  void add(Lines lines) {
    split(lines);
    if (frame_count_++ == 1) make_dictionaries();
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      const bool known = i < dictionaries_.size() && dictionaries_[i];
      put_stream(frames_, streams_[i], level_, known ? &*dictionaries_[i] : nullptr);
    }
    if (frame_count_ == 1) first_ = streams_;
  }
  [[nodiscard]] std::size_t frames() const { return frame_count_; }
  [[nodiscard]] virtual FrameCodec codec() const = 0;
  virtual void put_book(std::string& out) const = 0;
  [[nodiscard]] const std::string& bytes() const { return frames_; }
  [[nodiscard]] std::size_t size() const { return frames_.size() + book_bytes(); }

 protected:
  virtual void split(Lines lines) = 0;
  [[nodiscard]] virtual std::size_t book_bytes() const = 0;
  const int level_;
  std::vector<std::string> streams_;

 private:
  // Not before there is a second frame: most blocks of small tools have one.
  void make_dictionaries() {
    dictionaries_.resize(first_.size());
    for (std::size_t i = 0; i < first_.size(); ++i)
      if (first_[i].size() >= kLeastDictionary) dictionaries_[i].emplace(first_[i], level_);
    first_.clear();
  }

  std::string frames_;
  std::vector<std::string> first_;  // the streams of the first frame
  std::size_t frame_count_ = 0;
  std::vector<std::optional<Dictionary>> dictionaries_;
};

class PlainEncoder : public Encoder {
 public:
  explicit PlainEncoder(int level) : Encoder(level) { streams_.resize(kPlainStreams); }
  [[nodiscard]] FrameCodec codec() const override { return FrameCodec::plain; }
  void put_book(std::string&) const override {}

 private:
  void split(Lines lines) override {
    for (auto& stream : streams_) stream.clear();
    for (const auto line : lines) {
      put_varint(streams_[0], line.size());
      streams_[1].append(line);
    }
  }
  [[nodiscard]] std::size_t book_bytes() const override { return 0; }
};

class TemplateEncoder : public Encoder {
 public:
  explicit TemplateEncoder(int level) : Encoder(level) {}
  [[nodiscard]] FrameCodec codec() const override { return FrameCodec::templates; }
  void put_book(std::string& out) const override {
    put_stream(out, coder_.book(), level_, nullptr);
  }

 private:
  void split(Lines lines) override {
    coder_.encode(lines, coded_);
    streams_.assign(coded_.begin(), coded_.end());
  }
  [[nodiscard]] std::size_t book_bytes() const override {
    std::string out;
    put_book(out);
    return out.size();
  }
  TemplateCoder coder_;
  Streams coded_;
};

// Columns of variables cost time in every scan: they must be clearly smaller.
constexpr std::size_t kTemplatesPercent = 95;
constexpr std::size_t kTried = 2;  // frames

Lines frame(Lines bodies, std::span<const std::size_t> cuts, std::size_t number) {
  return bodies.subspan(cuts[number], cuts[number + 1] - cuts[number]);
}

}  // namespace

std::vector<std::size_t> cut_frames(Lines bodies) {
  std::vector<std::size_t> cuts;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const bool full = !cuts.empty() && (bytes >= kFrameBytes || i - cuts.back() >= kFrameLines);
    if (cuts.empty() || full) {
      cuts.push_back(i);
      bytes = 0;
    }
    bytes += bodies[i].size() + 1;
  }
  cuts.push_back(bodies.size());
  return cuts;
}

std::string encode_frames(Lines bodies, std::span<const std::size_t> cuts, int level,
                          bool thorough) {
  const auto count = cuts.size() - 1;
  PlainEncoder plain(level);
  TemplateEncoder templates(level);
  const auto tried = thorough ? count : std::min(kTried, count);
  // The first frame costs more than the others, which have it as their dictionary.
  std::size_t plain_bytes = 0, template_bytes = 0, plain_last = 0, template_last = 0;
  for (std::size_t i = 0; i < tried; ++i) {
    plain.add(frame(bodies, cuts, i));
    templates.add(frame(bodies, cuts, i));
    if (thorough && i + 1 < tried) continue;
    plain_last = plain.size() - std::exchange(plain_bytes, plain.size());
    template_last = templates.size() - std::exchange(template_bytes, templates.size());
  }
  plain_bytes += (count - tried) * plain_last;
  template_bytes += (count - tried) * template_last;
  const bool split = template_bytes * 100 < plain_bytes * kTemplatesPercent;
  Encoder& best = split ? static_cast<Encoder&>(templates) : plain;
  while (best.frames() < count) best.add(frame(bodies, cuts, best.frames()));

  std::string out(1, static_cast<char>(best.codec()));
  put_varint(out, count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto lines = frame(bodies, cuts, i);
    std::size_t bytes = 0;
    for (const auto line : lines) bytes += line.size();
    put_varint(out, lines.size());
    put_varint(out, bytes);
  }
  best.put_book(out);
  out.append(best.bytes());
  return out;
}

namespace {

// A stream as it is stored, and unpacked once it was asked for.
struct StoredStream {
  std::size_t raw_bytes = 0;
  std::string_view packed;

  static StoredStream read(ByteReader& reader) {
    StoredStream stream;
    stream.raw_bytes = reader.varint_upto(kMaxFrameBytes * 2);
    stream.packed = reader.text();
    return stream;
  }
  [[nodiscard]] bool unpack(std::string& out, const Dictionary* dictionary) const {
    if (packed.size() != raw_bytes)
      return decompress_into(out, packed, raw_bytes, kPadding, dictionary);
    out.assign(packed).append(kPadding, '\0');
    return true;
  }
};

}  // namespace

struct Frames::State {
  FrameCodec codec = FrameCodec::plain;
  std::size_t streams = 0;  // of a frame
  std::vector<Frame> frames;
  std::vector<StoredStream> stored;  // of each frame, `streams` of them
  StoredStream stored_book;
  std::optional<TemplateBook> book;
  std::vector<std::optional<Dictionary>> dictionaries;  // made from the first frame's streams
  // The streams of the frame at work.
  std::vector<std::string> raw;
  std::vector<bool> unpacked;
  std::size_t at_work = SIZE_MAX;

  Result<const Dictionary*> dictionary(std::size_t stream) {
    auto& made = dictionaries[stream];
    const auto& first = stored[stream];
    if (first.raw_bytes < kLeastDictionary) return nullptr;
    if (!made) {
      std::string text;
      if (!first.unpack(text, nullptr)) return corrupt("compressed bytes");
      made.emplace(std::string_view(text).substr(0, first.raw_bytes));
    }
    return &*made;
  }

  Result<std::string_view> stream(std::size_t frame, std::size_t number) {
    if (at_work != frame) {
      at_work = frame;
      unpacked.assign(streams, false);
    }
    const auto& wanted = stored[frame * streams + number];
    if (!unpacked[number]) {
      auto with = frame == 0 ? Result<const Dictionary*>(nullptr) : dictionary(number);
      if (!with) return fail(std::move(with).error());
      if (!wanted.unpack(raw[number], *with)) return corrupt("compressed bytes");
      unpacked[number] = true;
    }
    return std::string_view(raw[number]).substr(0, wanted.raw_bytes);
  }

  Result<const TemplateBook*> templates() {
    if (book) return &*book;
    std::string text;
    if (!stored_book.unpack(text, nullptr)) return corrupt("compressed bytes");
    auto read = TemplateBook::read(std::string_view(text).substr(0, stored_book.raw_bytes));
    if (!read) return fail(std::move(read).error());
    book = *std::move(read);
    return &*book;
  }

  Result<void> read_plain(std::size_t number, FrameText& out) {
    auto lengths = stream(number, 0);
    if (!lengths) return fail(std::move(lengths).error());
    auto bodies = stream(number, 1);
    if (!bodies) return fail(std::move(bodies).error());
    if (bodies->size() != frames[number].bytes) return corrupt("size of a frame");
    out.lengths.clear();
    ByteReader reader(*lengths);
    std::size_t left = bodies->size();
    for (std::size_t i = 0; i < frames[number].lines; ++i) {
      const auto length = reader.varint_upto(left);
      out.lengths.push_back(static_cast<std::uint32_t>(length));
      left -= length;
    }
    if (!reader.ok() || !reader.done() || left != 0) return corrupt("lengths of lines");
    out.bodies.swap(raw[1]);  // a frame is read once
    unpacked[1] = false;
    return {};
  }

  Result<void> read_templates(std::size_t number, FrameText& out) {
    auto known = templates();
    if (!known) return fail(std::move(known).error());
    const StreamReader reader = [&](Stream which) {
      return stream(number, static_cast<std::size_t>(which));
    };
    return (*known)->decode(reader, frames[number].lines, frames[number].bytes, out.bodies,
                            out.lengths);
  }
};

Frames::Frames(std::unique_ptr<State> state) : state_(std::move(state)) {}
Frames::~Frames() = default;
Frames::Frames(Frames&&) noexcept = default;
Frames& Frames::operator=(Frames&&) noexcept = default;

Result<Frames> Frames::open(std::string_view section) {
  auto state = std::make_unique<State>();
  ByteReader reader(section);
  state->codec = static_cast<FrameCodec>(reader.byte());
  if (state->codec != FrameCodec::plain && state->codec != FrameCodec::templates)
    return corrupt("codec of frames");
  state->streams = state->codec == FrameCodec::plain ? kPlainStreams : kStreams;
  const auto count = reader.varint_upto(reader.rest().size());
  std::size_t row = 0;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
    Frame frame;
    frame.first_row = row;
    frame.lines = reader.varint_upto(kMaxFrameBytes);
    frame.bytes = reader.varint_upto(kMaxFrameBytes);
    row += frame.lines;
    state->frames.push_back(frame);
  }
  if (state->codec == FrameCodec::templates) state->stored_book = StoredStream::read(reader);
  for (std::size_t i = 0; i < count * state->streams && reader.ok(); ++i)
    state->stored.push_back(StoredStream::read(reader));
  if (!reader.ok() || !reader.done()) return corrupt("frames");
  state->dictionaries.resize(state->streams);
  state->raw.resize(state->streams);
  return Frames(std::move(state));
}

const std::vector<Frames::Frame>& Frames::frames() const { return state_->frames; }

Result<void> Frames::read(std::size_t frame, FrameText& out) {
  out.bytes = state_->frames[frame].bytes;
  return state_->codec == FrameCodec::plain ? state_->read_plain(frame, out)
                                            : state_->read_templates(frame, out);
}

Result<bool> Frames::may_contain(std::size_t frame, std::string_view run, bool any_case) {
  if (state_->codec == FrameCodec::plain) return true;
  auto known = state_->templates();
  if (!known) return fail(std::move(known).error());
  const StreamReader reader = [&](Stream which) {
    return state_->stream(frame, static_cast<std::size_t>(which));
  };
  return (*known)->may_contain(reader, state_->frames[frame].lines, run, any_case);
}

}  // namespace logboom::store
