// The index: what a block has is never ruled out, alone, sliced, or joined.
#include "store/index.h"

#include "store/features.h"
#include "store/keys.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

struct Slices {
  Slices() {
    auto opened = Database::open(dir.path(), quick_env());
    REQUIRE(opened);
    db = *std::move(opened);
    family = *db->family("blocks-20241004.default");
  }
  TempDir dir;
  std::unique_ptr<Database> db;
  FamilyPtr family;
};

// Blocks with a few words of their own each, all with filters of one size.
std::vector<std::string> values_of(std::size_t blocks) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < blocks; ++i) {
    FeatureSet features;
    for (int line = 0; line < 30; ++line)
      features.add_line("line of block" + std::string(1, static_cast<char>('a' + i % 26)) +
                        "number x" + std::to_string(i * 100 + 7) + " " +
                        std::to_string(1'000'000 + i * 30 + static_cast<std::size_t>(line)));
    values.push_back(encode_filter(features));
  }
  return values;
}

TEST_CASE("a group knows of each of its blocks what the block's own filter knows") {
  const Slices slices;
  const auto count = GENERATE(as<std::size_t>(), 1, 7, 64, 65, 200);
  const auto values = values_of(count);
  std::vector<Filter> filters;
  for (const auto& value : values) filters.push_back(*Filter::open(value));
  auto group = std::make_shared<Group>();
  group->family = slices.family;
  group->id = 3;
  group->buckets = filters[0].buckets().size() / kBucketBytes;
  for (const auto& filter : filters) {
    REQUIRE(filter.buckets().size() == group->buckets * kBucketBytes);
    group->blocks.push_back(group->blocks.size() * 2 + 5);
  }
  Change change;
  put_group(change, *group, filters);
  REQUIRE(slices.db->write(change));
  GroupReader reader(*slices.db, nullptr, group);
  for (std::size_t i = 0; i < count * 30; ++i) {
    const auto needs = needs_of(" " + std::to_string(1'000'000 + i) + "\t");
    const auto columns = GroupReader(*slices.db, nullptr, group).maybe(needs);
    for (std::size_t column = 0; column < count; ++column)
      REQUIRE(((columns[column / 64] >> (column % 64) & 1U) != 0) == filters[column].maybe(needs));
  }
  const auto again = reader.filters();
  REQUIRE(again);
  for (std::size_t column = 0; column < count; ++column)
    for (std::size_t i = 0; i < filters[column].buckets().size(); ++i) {
      CAPTURE(count, column, i);
      REQUIRE(static_cast<int>((*again)[column][i]) ==
              static_cast<int>(filters[column].buckets()[i]));
    }
}

}  // namespace
}  // namespace logboom::store
