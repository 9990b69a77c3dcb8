#include "store/fault_env.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

namespace logboom::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace

class FaultEnv::FileSystem : public rocksdb::FileSystemWrapper {
 public:
  FileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultEnv"; }

  // What becomes of the call.
  IOStatus step(bool* powered = nullptr) {
    const std::lock_guard lock(mutex_);
    if (powered != nullptr) *powered = !dead_;
    if (dead_) return IOStatus::IOError("no power");
    ++calls_;
    if (fail_in_ == 0 || --fail_in_ != 0) return IOStatus::OK();
    failed_ = true;
    dead_ = fault_ == Fault::power;
    return fault_ == Fault::no_space ? IOStatus::NoSpace("injected")
                                     : IOStatus::IOError("injected");
  }

  void written(const std::string& path, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    files_[path].size += bytes;
  }
  void synced(const std::string& path) {
    const std::lock_guard lock(mutex_);
    files_[path].synced = files_[path].size;
  }
  void directory_synced() {
    const std::lock_guard lock(mutex_);
    for (auto& [path, file] : files_) file.named = true;
    renames_.clear();
    deleted_.clear();
  }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override;
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* result,
                              IODebugContext* debug) override;
  IOStatus NewDirectory(const std::string& path, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext* debug) override;

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    auto status = step();
    if (!status.ok()) return status;
    const std::lock_guard lock(mutex_);
    if (fs::is_directory(from)) return rename_directory(from, to, options, debug);
    Rename rename{from, to, content_of(from), std::nullopt};
    if (fs::exists(to)) rename.replaced = content_of(to);
    status = FileSystemWrapper::RenameFile(from, to, options, debug);
    if (!status.ok()) return status;
    files_[to] = files_[from];
    files_.erase(from);
    renames_.push_back(std::move(rename));
    return status;
  }

  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& options,
                    IODebugContext* debug) override {
    auto status = step();
    if (!status.ok()) return status;
    const std::lock_guard lock(mutex_);
    if (links_refused_) return IOStatus::NotSupported("injected");
    status = FileSystemWrapper::LinkFile(from, to, options, debug);
    if (!status.ok()) return status;
    const auto known = files_.find(from);
    files_[to] = known != files_.end() ? known->second : File{};
    files_[to].named = false;
    ++links_;
    return status;
  }
  std::uint64_t links() const {
    const std::lock_guard lock(mutex_);
    return links_;
  }
  void refuse_links() {
    const std::lock_guard lock(mutex_);
    links_refused_ = true;
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions& options,
                      IODebugContext* debug) override {
    const std::lock_guard lock(mutex_);
    if (dead_) return IOStatus::IOError("no power");
    const auto known = files_.find(path);
    // Only logs: what a table that came back does is nothing, and they are large.
    if (path.ends_with(".log"))
      deleted_[path] = content_of(path).substr(
          0, known != files_.end() ? known->second.size : std::string::npos);
    files_.erase(path);
    return FileSystemWrapper::DeleteFile(path, options, debug);
  }

  void fail_call(std::uint64_t n, Fault fault) {
    const std::lock_guard lock(mutex_);
    fail_in_ = n;
    fault_ = fault;
    failed_ = false;
    calls_ = 0;
  }
  bool has_failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  std::uint64_t calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  void cut_power() {
    const std::lock_guard lock(mutex_);
    dead_ = true;
  }

  void restart(unsigned seed) {
    const std::lock_guard lock(mutex_);
    std::mt19937 random(seed);
    for (auto rename = renames_.rbegin(); rename != renames_.rend(); ++rename)
      if (random() % 2 == 0) undo(*rename);
    for (const auto& [path, file] : files_) lose(path, file, random);
    for (const auto& [path, content] : deleted_)
      if (random() % 2 == 0) write_file(path, content);
    files_.clear();
    renames_.clear();
    deleted_.clear();
    dead_ = false;
    fail_in_ = 0;
  }

 private:
  struct File {
    std::uint64_t size = 0, synced = 0;
    bool named = false;  // its directory was synced since it was made
  };
  struct Rename {
    std::string from, to, content;
    std::optional<std::string> replaced;
  };

  IOStatus rename_directory(const std::string& from, const std::string& to,
                            const IOOptions& options, IODebugContext* debug) {
    auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
    if (!status.ok()) return status;
    std::map<std::string, File> moved;
    for (const auto& [path, file] : files_)
      moved[path.starts_with(from + "/") ? to + path.substr(from.size()) : path] = file;
    files_ = std::move(moved);
    renames_.push_back({from, to, {}, std::nullopt});
    return status;
  }

  static void undo(const Rename& rename) {
    if (fs::is_directory(rename.to)) {
      if (!fs::exists(rename.from)) fs::rename(rename.to, rename.from);
      return;
    }
    write_file(rename.from, rename.content);
    if (rename.replaced)
      write_file(rename.to, *rename.replaced);
    else
      fs::remove(rename.to);
  }

  static void lose(const std::string& path, const File& file, std::mt19937& random) {
    if (!fs::exists(path)) return;
    if (!file.named && random() % 2 == 0) {
      fs::remove(path);
      return;
    }
    if (file.size <= file.synced) return;
    const auto kept = file.synced + random() % (file.size - file.synced + 1);
    auto content = content_of(path).substr(0, kept);
    if (random() % 3 == 0)
      for (auto at = file.synced; at < content.size(); ++at)
        if (random() % 8 == 0) content[at] = static_cast<char>(random());
    write_file(path, content);
  }

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, File> files_;
  std::vector<Rename> renames_;
  std::map<std::string, std::string> deleted_;  // since the directory was synced
  std::uint64_t fail_in_ = 0, calls_ = 0, links_ = 0;
  Fault fault_ = Fault::io;
  bool failed_ = false, dead_ = false, links_refused_ = false;

  class TestFile;
  class TestDirectory;
};

class FaultEnv::FileSystem::TestFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  TestFile(std::unique_ptr<rocksdb::FSWritableFile> file, FileSystem& files, std::string path)
      : FSWritableFileOwnerWrapper(std::move(file)), files_(files), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    bool powered = true;
    auto status = files_.step(&powered);
    if (!powered) return status;
    // A write that fails may have written a part.
    const auto part = status.ok() ? data : Slice(data.data(), data.size() / 2);
    auto written = target()->Append(part, options, debug);
    if (!written.ok()) return written;
    files_.written(path_, part.size());
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*info*/, IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Fsync(options, debug);
  }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    auto status = files_.step();
    if (status.ok()) files_.synced(path_);
    return status;
  }
  IOStatus RangeSync(std::uint64_t /*offset*/, std::uint64_t /*bytes*/,
                     const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return IOStatus::OK();
  }

 private:
  FileSystem& files_;
  const std::string path_;
};

class FaultEnv::FileSystem::TestDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  TestDirectory(std::unique_ptr<rocksdb::FSDirectory> directory, FileSystem& files)
      : FSDirectoryWrapper(std::move(directory)), files_(files) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    auto status = files_.step();
    if (status.ok()) files_.directory_synced();
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& /*directory*/) override {
    return Fsync(options, debug);
  }

 private:
  FileSystem& files_;
};

IOStatus FaultEnv::FileSystem::NewWritableFile(const std::string& path, const FileOptions& options,
                                               std::unique_ptr<rocksdb::FSWritableFile>* result,
                                               IODebugContext* debug) {
  auto status = step();
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  status = FileSystemWrapper::NewWritableFile(path, options, &file, debug);
  if (!status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    files_[path] = {};
  }
  *result = std::make_unique<TestFile>(std::move(file), *this, path);
  return status;
}

IOStatus FaultEnv::FileSystem::ReopenWritableFile(const std::string& path,
                                                  const FileOptions& options,
                                                  std::unique_ptr<rocksdb::FSWritableFile>* result,
                                                  IODebugContext* debug) {
  auto status = step();
  if (!status.ok()) return status;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  status = FileSystemWrapper::ReopenWritableFile(path, options, &file, debug);
  if (status.ok()) *result = std::make_unique<TestFile>(std::move(file), *this, path);
  return status;
}

IOStatus FaultEnv::FileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                            std::unique_ptr<rocksdb::FSDirectory>* result,
                                            IODebugContext* debug) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  auto status = FileSystemWrapper::NewDirectory(path, options, &directory, debug);
  if (status.ok()) *result = std::make_unique<TestDirectory>(std::move(directory), *this);
  return status;
}

namespace {

// RocksDB sleeps for a second after each failed compaction, and looks every five seconds whether a
// full disk has room again, until a moment it computes from this clock. No test waits for that.
class SleeplessEnv : public rocksdb::EnvWrapper {
 public:
  explicit SleeplessEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(std::move(env)) {}
  void SleepForMicroseconds(int /*microseconds*/) override { std::this_thread::yield(); }
  std::uint64_t NowMicros() override { return EnvWrapper::NowMicros() - 6'000'000; }
};

}  // namespace

FaultEnv::FaultEnv()
    : files_(std::make_shared<FileSystem>()),
      env_(std::make_unique<SleeplessEnv>(rocksdb::NewCompositeEnv(files_))) {}
FaultEnv::~FaultEnv() = default;

rocksdb::Env* FaultEnv::env() const { return env_.get(); }
void FaultEnv::fail_call(std::uint64_t n, Fault fault) { files_->fail_call(n, fault); }
bool FaultEnv::has_failed() const { return files_->has_failed(); }
std::uint64_t FaultEnv::calls() const { return files_->calls(); }
void FaultEnv::refuse_links() { files_->refuse_links(); }
std::uint64_t FaultEnv::links() const { return files_->links(); }
void FaultEnv::cut_power() { files_->cut_power(); }
void FaultEnv::restart(unsigned seed) { files_->restart(seed); }

}  // namespace logboom::store
