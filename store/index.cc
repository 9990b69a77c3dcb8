#include "store/index.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "store/bytes.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

constexpr char kGroupMagic = 'G', kWordsMagic = 'W', kFormat = 1;
constexpr std::size_t kChecksumBytes = 8;

std::unexpected<Error> corrupt(std::string_view what) {
  return fail(Errc::corrupt, "index: wrong " + std::string(what));
}

void put_checksum(std::string& out) { put_u64(out, XXH64(out.data(), out.size(), 0)); }

Result<std::string_view> verified(std::string_view value) {
  if (value.size() < kChecksumBytes) return corrupt("size");
  const auto covered = value.substr(0, value.size() - kChecksumBytes);
  if (ByteReader(value.substr(covered.size())).u64() != XXH64(covered.data(), covered.size(), 0))
    return corrupt("checksum");
  return covered;
}

// Bytes of a row: a bit per column.
std::size_t row_bytes(const Group& group) { return (group.blocks.size() + 7) / 8; }
std::size_t words_of(const Group& group) { return (group.blocks.size() + 63) / 64; }

// The union of sorted lists of words.
std::string merged_words(const std::vector<Filter>& filters) {
  std::vector<std::string_view> all;
  for (const auto& filter : filters) {
    std::string_view rest = filter.words();
    while (!rest.empty()) {
      const auto end = std::min(rest.find('\n'), rest.size() - 1);
      all.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::string out;
  for (const auto word : all) out.append(word).push_back('\n');
  return out;
}

void and_with(BlockBits& to, const BlockBits& with) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] &= with[i];
}

}  // namespace

std::size_t Group::column(std::uint64_t block) const {
  const auto at = std::lower_bound(blocks.begin(), blocks.end(), block);
  return at != blocks.end() && *at == block ? static_cast<std::size_t>(at - blocks.begin())
                                            : SIZE_MAX;
}

std::string encode_group(const Group& group) {
  std::string out = {kGroupMagic, kFormat};
  put_varint(out, group.buckets);
  put_varint(out, group.bytes);
  put_varint(out, group.replaced);
  put_varint(out, group.blocks.size());
  std::uint64_t last = 0;
  for (const auto block : group.blocks) put_varint(out, block - std::exchange(last, block));
  put_checksum(out);
  return out;
}

Result<Group> decode_group(std::string_view value) {
  auto bytes = verified(value);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  if (reader.byte() != kGroupMagic || reader.byte() != kFormat) return corrupt("format");
  Group group;
  group.buckets = reader.varint_upto(UINT32_MAX);
  group.bytes = reader.varint();
  group.replaced = reader.varint();
  const auto count = reader.varint_upto(reader.rest().size());
  std::uint64_t block = 0;
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
    group.blocks.push_back(block += reader.varint());
  if (!reader.ok() || !reader.done() || !std::ranges::is_sorted(group.blocks))
    return corrupt("group");
  return group;
}

void put_group(Change& change, Group& group, const std::vector<Filter>& filters) {
  const auto row = row_bytes(group);
  group.bytes = 0;
  const auto put = [&](GroupPart part, std::uint32_t number, std::string value) {
    group.bytes += value.size();
    change.put(group.family, group_key(group.id, part, number), std::move(value));
  };
  for (std::size_t bucket = 0; bucket < group.buckets; ++bucket) {
    std::string rows(kBucketBits * row, '\0');
    for (std::size_t column = 0; column < filters.size(); ++column) {
      const auto bits = filters[column].buckets().substr(bucket * kBucketBytes, kBucketBytes);
      for (std::size_t byte = 0; byte < bits.size(); ++byte) {
        for (unsigned left = static_cast<std::uint8_t>(bits[byte]); left != 0; left &= left - 1) {
          const auto bit = byte * 8 + static_cast<std::size_t>(std::countr_zero(left));
          auto& target = rows[bit * row + column / 8];
          target = static_cast<char>(static_cast<std::uint8_t>(target) | 1U << (column % 8));
        }
      }
    }
    put_checksum(rows);
    put(GroupPart::bucket, static_cast<std::uint32_t>(bucket), std::move(rows));
  }
  std::string words = {kWordsMagic, kFormat};
  put_words(words, merged_words(filters));
  put_checksum(words);
  put(GroupPart::words, 0, std::move(words));
}

void remove_group(Change& change, const FamilyPtr& entries, const Group& group) {
  change.remove(entries, directory_key(group.day, kGroupIds | group.id));
  for (std::size_t bucket = 0; bucket < group.buckets; ++bucket)
    change.remove(group.family,
                  group_key(group.id, GroupPart::bucket, static_cast<std::uint32_t>(bucket)));
  change.remove(group.family, group_key(group.id, GroupPart::words, 0));
}

Result<std::string> GroupReader::bucket(std::size_t number) {
  ++reads_;
  auto value =
      db_.get(*group_->family,
              group_key(group_->id, GroupPart::bucket, static_cast<std::uint32_t>(number)), view_);
  if (!value) return fail(std::move(value).error());
  const auto stored = std::move(*value).value_or("");
  auto rows = verified(stored);
  if (!rows) return fail(std::move(rows).error());
  if (rows->size() != kBucketBits * row_bytes(*group_)) return corrupt("bucket");
  return std::string(*rows);
}

Result<std::string> GroupReader::words() {
  ++reads_;
  auto value = db_.get(*group_->family, group_key(group_->id, GroupPart::words, 0), view_);
  if (!value) return fail(std::move(value).error());
  const auto stored = std::move(*value).value_or("");
  auto bytes = verified(stored);
  if (!bytes) return fail(std::move(bytes).error());
  ByteReader reader(*bytes);
  if (reader.byte() != kWordsMagic || reader.byte() != kFormat) return corrupt("words");
  auto words = read_words(reader);
  return words ? Result<std::string>(*std::move(words)) : corrupt("words");
}

BlockBits GroupReader::all() const { return BlockBits(words_of(*group_), ~std::uint64_t{0}); }

BlockBits GroupReader::maybe(std::uint64_t hash) {
  if (group_->buckets == 0) return BlockBits(words_of(*group_), 0);
  const FilterBits at(hash, group_->buckets);
  auto known = buckets_.find(at.bucket);
  if (known == buckets_.end()) {
    auto rows = bucket(at.bucket);
    // A wrong value rules nothing out.
    if (!rows) ++wrong_;
    known = buckets_.emplace(at.bucket, rows ? *std::move(rows) : std::string()).first;
  }
  auto found = all();
  const auto& rows = known->second;
  if (rows.empty()) return found;
  const auto size = row_bytes(*group_);
  for (const auto bit : at.bits) {
    const auto row = std::string_view(rows).substr(bit * size, size);
    for (std::size_t i = 0; i < found.size(); ++i) {
      std::uint64_t columns = 0;
      for (std::size_t byte = i * 8; byte < std::min(size, i * 8 + 8); ++byte)
        columns |= std::uint64_t{static_cast<std::uint8_t>(row[byte])} << (byte % 8 * 8);
      found[i] &= columns;
    }
  }
  return found;
}

BlockBits GroupReader::maybe(const Needs& needs) {
  auto found = all();
  for (const auto hash : needs.all) and_with(found, maybe(hash));
  for (const auto& need : needs.words) {
    if (!words_) {
      auto read = words();
      if (!read) {
        ++wrong_;
        return found;
      }
      words_ = *std::move(read);
    }
    auto any = maybe(kLongWord);
    std::size_t expanded = 0;
    each_word_in(*words_, need, [&](std::string_view word) {
      if (++expanded > kMaxExpanded) return false;
      const auto columns = maybe(hash_of_word(word));
      for (std::size_t i = 0; i < any.size(); ++i) any[i] |= columns[i];
      return true;
    });
    if (expanded <= kMaxExpanded) and_with(found, any);
  }
  return found;
}

Result<std::vector<std::string>> GroupReader::filters() {
  std::vector<std::string> filters(group_->blocks.size(),
                                   std::string(group_->buckets * kBucketBytes, '\0'));
  const auto size = row_bytes(*group_);
  for (std::size_t number = 0; number < group_->buckets; ++number) {
    auto rows = bucket(number);
    if (!rows) return fail(std::move(rows).error());
    for (std::size_t bit = 0; bit < kBucketBits; ++bit) {
      for (std::size_t column = 0; column < filters.size(); ++column) {
        const auto byte = static_cast<std::uint8_t>((*rows)[bit * size + column / 8]);
        if ((byte >> (column % 8) & 1U) == 0) continue;
        auto& target = filters[column][number * kBucketBytes + bit / 8];
        target = static_cast<char>(static_cast<std::uint8_t>(target) | 1U << (bit % 8));
      }
    }
  }
  return filters;
}

}  // namespace logboom::store
