#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "store/bytes.h"
#include "store/column_writer.h"
#include "store/templates.h"
#include "store/templates_format.h"

namespace logboom::store {
namespace {

constexpr std::array kRules = {CutRule::names, CutRule::quotes};
constexpr std::size_t kTrialBytes = 64 << 10;  // of lines, to choose a rule by
// A block has one book for all of its frames, most of which the first one brings.
constexpr std::size_t kBookShare = 2;

std::size_t compressed_size(std::string_view bytes) {
  std::string room(ZSTD_compressBound(bytes.size()), 0);
  const auto size = ZSTD_compress(room.data(), room.size(), bytes.data(), bytes.size(), 1);
  return ZSTD_isError(size) != 0 ? bytes.size() : size;
}

}  // namespace

TemplateCoder::TemplateCoder(std::optional<CutRule> rule)
    : chosen_(rule.has_value()),
      cutter_(rule.value_or(CutRule::names)),
      table_(1024),
      writer_(std::make_unique<ColumnWriter>()) {
  add({"\0", 1}, 1);  // template 0: one variable, which is the whole line
}
TemplateCoder::TemplateCoder(TemplateCoder&&) noexcept = default;
TemplateCoder& TemplateCoder::operator=(TemplateCoder&&) noexcept = default;
TemplateCoder::~TemplateCoder() = default;

void TemplateCoder::add(std::string_view text, std::size_t variables) {
  put_varint(book_, text.size());
  templates_.push_back({book_.size(), text.size(), variables});
  book_.append(text);
}

// Puts the line's variables into values_; returns its template.
std::uint32_t TemplateCoder::template_of(std::string_view line) {
  const auto begin = values_.size();
  std::uint32_t number = 0;
  if (cutter_.cut(line, values_) && values_.size() - begin <= kMaxVariables)
    number = find(cutter_.text(), values_.size() - begin);
  if (number == 0) {
    values_.resize(begin);
    values_.push_back(line);
  }
  return number;
}

std::uint32_t TemplateCoder::find(std::string_view text, std::size_t variables) {
  const auto hash = XXH3_64bits(text.data(), text.size());
  auto slot = static_cast<std::size_t>(hash) & (table_.size() - 1);
  for (; table_[slot].number != 0; slot = (slot + 1) & (table_.size() - 1)) {
    if (table_[slot].hash != hash) continue;
    const auto& known = templates_[table_[slot].number];
    if (std::string_view(book_).substr(known.begin, known.size) == text) return table_[slot].number;
  }
  if (templates_.size() >= kMaxTemplates || book_.size() + text.size() > kMaxBook) return 0;
  const auto number = static_cast<std::uint32_t>(templates_.size());
  add(text, variables);
  table_[slot] = {hash, number};
  if (templates_.size() * 2 > table_.size()) grow();
  return number;
}

void TemplateCoder::grow() {
  const auto old = std::exchange(table_, std::vector<Entry>(table_.size() * 4));
  for (const auto& entry : old) {
    if (entry.number == 0) continue;
    auto slot = static_cast<std::size_t>(entry.hash) & (table_.size() - 1);
    while (table_[slot].number != 0) slot = (slot + 1) & (table_.size() - 1);
    table_[slot] = entry;
  }
}

void TemplateCoder::choose_rule(std::span<const std::string_view> lines) {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < lines.size() && bytes < kTrialBytes;)
    bytes += lines[count++].size();
  std::size_t least = SIZE_MAX;
  auto best = kRules.front();
  for (const auto rule : kRules) {
    TemplateCoder trial(rule);
    Streams streams;
    trial.encode(lines.first(count), streams);
    auto size = compressed_size(trial.book()) / kBookShare;
    for (const auto& stream : streams) size += compressed_size(stream);
    if (size + size / 16 >= least) continue;  // a little better on a sample: not on the block
    least = size;
    best = rule;
  }
  cutter_ = Cutter(best);
  chosen_ = true;
}

// Cuts the lines into values_ and sorts them by their templates.
void TemplateCoder::cut(std::span<const std::string_view> lines) {
  values_.clear();
  lines_.clear();
  first_values_.clear();
  used_.clear();
  for (const auto line : lines) {
    first_values_.push_back(values_.size());
    const auto number = template_of(line);
    lines_.push_back(number);
    if (local_.size() < templates_.size()) local_.resize(templates_.size(), 0);
    if (local_[number]++ == 0) used_.push_back({.number = number});
  }
  std::sort(used_.begin(), used_.end(),
            [](const Used& one, const Used& other) { return one.number < other.number; });
  std::size_t first = 0;
  for (std::uint32_t place = 0; place < used_.size(); ++place) {
    auto& used = used_[place];
    used.first = first;
    first += std::exchange(local_[used.number], place);
  }
  firsts_.resize(lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines_[i] = local_[lines_[i]];
    auto& used = used_[lines_[i]];
    firsts_[used.first + used.lines++] = first_values_[i];
  }
  for (const auto& used : used_) local_[used.number] = 0;
}

void TemplateCoder::encode(std::span<const std::string_view> lines, Streams& out) {
  if (!chosen_ && !lines.empty()) choose_rule(lines);
  for (auto& stream : out) stream.clear();
  cut(lines);
  write_templates(out);
  writer_->begin(out);
  for (const auto& used : used_) {
    writer_->begin_template();
    for (std::size_t variable = 0; variable < templates_[used.number].variables; ++variable) {
      column_.clear();
      for (const auto first : std::span(firsts_).subspan(used.first, used.lines))
        column_.push_back(values_[first + variable]);
      writer_->write(column_);
    }
  }
}

// Which templates the frame uses, in the order of their numbers; then each line's among them.
void TemplateCoder::write_templates(Streams& out) const {
  auto& headers = out[static_cast<std::size_t>(Stream::headers)];
  put_varint(headers, used_.size());
  std::uint32_t next = 0;
  for (const auto& used : used_) {
    put_varint(headers, used.number - next);
    next = used.number + 1;
  }
  if (used_.size() < 2) return;
  auto& stream = out[static_cast<std::size_t>(Stream::templates)];
  for (const auto line : lines_) stream.push_back(static_cast<char>(line));
  if (used_.size() <= 256) return;
  for (const auto line : lines_) stream.push_back(static_cast<char>(line >> 8));
}

}  // namespace logboom::store
