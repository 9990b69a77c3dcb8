// What the tests of backups share: a store with something of everything, and where copies go.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "store/backup.h"
#include "store/store_fixture.h"

namespace logboom::store {

namespace fs = std::filesystem;

inline std::string place_in(const TempDir& dir, const std::string& name) {
  return fs::path(dir.path()).parent_path() / name;
}

inline Result<Restored> restored(const std::string& backup, const std::string& to,
                                 const Clock& clock, rocksdb::Env* env = quick_env()) {
  return restore({.backup = backup, .directory = to, .now_ns = clock.now, .env = env}, {}, {});
}

inline std::unique_ptr<Store> reopened(const TempDir& dir, const Clock& clock,
                                       const std::string& directory) {
  auto options = options_in(dir, clock);
  options.directory = directory;
  return must_open(std::move(options));
}

inline std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// Every file below the directory and its bytes.
inline std::map<std::string, std::string> tree(const std::string& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file()) files[entry.path().string()] = content_of(entry.path());
  return files;
}

// Blocks of two days, something in the inbox, a Kafka partition, a run's record.
inline void fill(Store& store, Clock& clock) {
  REQUIRE(store.append(one(spanned(batch_of("t", {"old one", "old two"}), "s", 0))));
  REQUIRE(store.seal_all());
  clock.now += kDay;
  std::vector<Logged> messages(1);
  messages[0].offset = 41;
  messages[0].batches = one(batch_of("k", {"from Kafka"}));
  REQUIRE(store.append_logged(3, std::move(messages)));
  REQUIRE(store.seal_all());
  REQUIRE(store.append(one(spanned(batch_of("t", {"in the inbox"}), "s", 20))));
  RecordWrite write;
  write.put("notes", "a", "b");
  REQUIRE(store.ledger().write(write));
}

}  // namespace logboom::store
