#include "query/test_store.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <utility>

namespace logboom::query {

TestStore::TestStore(store::Options options) : options_(std::move(options)) {
  auto name = (std::filesystem::temp_directory_path() / "logboom-query-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  options_.directory = name;
  options_.background = false;
  options_.min_free_bytes = 0;
  reopen();
}

TestStore::~TestStore() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(options_.directory, ignored);
}

void TestStore::reopen() {
  store_.reset();
  auto opened = store::Store::open(options_);
  if (!opened) FAIL(opened.error().message);
  store_ = *std::move(opened);
}

store::Place TestStore::add(const std::vector<TestLine>& lines, std::string_view tool) {
  Batch batch;
  batch.tool = tool;
  batch.redacted = true;
  for (const auto& line : lines) {
    std::uint32_t stream = 0;
    while (stream < batch.streams.size() && batch.streams[stream] != line.labels) ++stream;
    if (stream == batch.streams.size()) batch.streams.push_back(line.labels);
    Record record{.time_ns = line.time_ns,
                  .position = 0,
                  .stream = stream,
                  .level = line.level,
                  .body = batch.arena.copy(line.body),
                  .metadata = {}};
    if (!line.pod.empty()) record.metadata.emplace_back("pod", batch.arena.copy(line.pod));
    batch.records.push_back(std::move(record));
  }
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  auto appended = store_->append(std::move(batches));
  if (!appended) FAIL(appended.error().message);
  return appended->front().place;
}

}  // namespace logboom::query
