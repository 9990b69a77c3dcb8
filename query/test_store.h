// A store in a directory of its own, for the tests of this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "store/store.h"

namespace logboom::query {

struct TestLine {
  std::int64_t time_ns = 0;
  std::string body;
  Labels labels{{{"job", "bot"}}};
  std::string pod = {};  // empty: none
  Level level = Level::unknown;
};

class TestStore {
 public:
  explicit TestStore(store::Options options = {});
  ~TestStore();
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  store::Store* operator->() { return store_.get(); }
  store::Store& operator*() { return *store_; }
  // One batch of the tool "local". Its place is what the store says.
  store::Place add(const std::vector<TestLine>& lines, std::string_view tool = "local");
  void reopen();

 private:
  store::Options options_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace logboom::query
