#include "store/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "core/log.h"
#include "store/files.h"

namespace logboom::store {
namespace {

constexpr std::string_view kPositions = "positions";

}  // namespace

// Both keep the database open: a family's handle and a snapshot must go before it does.
class Family {
 public:
  Family(std::shared_ptr<rocksdb::DB> db, rocksdb::ColumnFamilyHandle* handle)
      : db_(std::move(db)), handle_(handle), cached_(handle->GetName() == kPositions) {}
  ~Family() { db_->DestroyColumnFamilyHandle(handle_).PermitUncheckedError(); }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle() const { return handle_; }
  // Other families' values are large and read once; the page cache has them.
  [[nodiscard]] bool cached() const { return cached_; }

 private:
  std::shared_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* handle_;
  bool cached_;
};

class View {
 public:
  explicit View(std::shared_ptr<rocksdb::DB> db)
      : db_(std::move(db)), snapshot_(db_->GetSnapshot()) {}
  ~View() { db_->ReleaseSnapshot(snapshot_); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  [[nodiscard]] const rocksdb::Snapshot* snapshot() const { return snapshot_; }

 private:
  std::shared_ptr<rocksdb::DB> db_;
  const rocksdb::Snapshot* snapshot_;
};

namespace {

constexpr std::size_t kWriteBuffers = 48 << 20;  // memtables of all families together
constexpr std::size_t kBlockCache = 32 << 20;
constexpr std::size_t kMaxLog = 64 << 20;  // the write-ahead log; beyond: families are flushed
constexpr int kMaxOpenFiles = 512;
constexpr std::size_t kReadAhead = 256 << 10;

bool held_by_another(const rocksdb::Status& status) {
  const auto text = status.ToString();
  return status.IsIOError() && (text.find("lock hold by current process") != std::string::npos ||
                                text.find("Resource temporarily unavailable") != std::string::npos);
}

// A write failed, the log went on in a new file, then the power was cut: the torn record was never
// acknowledged, and what was after it is whole.
bool has_torn_log(const rocksdb::Status& status) {
  return status.IsCorruption() && status.ToString().find("ahead of WALs") != std::string::npos;
}

rocksdb::DBOptions database_options(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // Every write is synced before it is acknowledged, so only what was not acknowledged can be torn:
  // the log ends at the first record that is not whole, also when the file system left garbage
  // there, which the tolerant modes would refuse to open.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Families reach their tables together. One that is ahead of a log torn by a failed write, while
  // another still needs that log, would keep the database from opening after a power cut.
  options.atomic_flush = true;
  options.max_total_wal_size = kMaxLog;
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(kWriteBuffers);
  options.max_open_files = kMaxOpenFiles;
  options.max_background_jobs = 2;
  // After an error settle() resumes, at a moment when nobody writes.
  options.max_bgerror_resume_count = 0;
  options.max_log_file_size = 1 << 20;
  options.keep_log_file_num = 4;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.avoid_unnecessary_blocking_io = true;
  options.skip_stats_update_on_db_open = true;
  return options;
}

// Values are compressed by us, or too small to matter.
rocksdb::ColumnFamilyOptions family_options(const std::string& name,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;
  options.level_compaction_dynamic_level_bytes = true;
  const bool small = name == rocksdb::kDefaultColumnFamilyName || name == "directory";
  options.write_buffer_size = small ? 1 << 20 : 8 << 20;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.format_version = 5;
  if (name == kPositions) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// A directory with tables but without CURRENT has lost it; RocksDB would start anew and delete
// them.
Result<bool> is_new(const std::string& directory, rocksdb::Env* env) {
  if (env->FileExists(directory + "/CURRENT").ok()) return false;
  std::vector<std::string> names;
  if (!env->GetChildren(directory, &names).ok()) return true;
  const bool tables = std::any_of(names.begin(), names.end(),
                                  [](const std::string& name) { return name.ends_with(".sst"); });
  if (tables)
    return fail(Errc::corrupt,
                "store " + directory +
                    ": the file CURRENT is missing beside its tables; restore it from "
                    "a backup, or name another directory");
  return true;
}

}  // namespace

struct Database::State {
  std::shared_ptr<rocksdb::DB> db;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_mutex views;  // shared: a view is being taken; exclusive: values are being replaced

  std::mutex writing;  // guards what follows, and makes writes one at a time
  bool failed = false;
  std::uint64_t failures = 0;             // of writes, ever
  std::vector<Change::Operation> unsure;  // of the write that failed
  std::optional<Change> undo;             // made from `unsure`, once that could be read

  mutable std::mutex families_mutex;  // guards families
  std::map<std::string, FamilyPtr> families;

  rocksdb::Status put(const Change& change, bool sync) {
    rocksdb::WriteBatch batch;
    rocksdb::Status status;
    for (const auto& [family, key, value] : change.operations) {
      status =
          value ? batch.Put(family->handle(), key, *value) : batch.Delete(family->handle(), key);
      if (!status.ok()) return status;
    }
    rocksdb::WriteOptions options;
    options.sync = sync;
    status = db->Write(options, &batch);
    return status;
  }

  Result<void> write_failed(const rocksdb::Status& status, const Change& change) {
    failed = true;
    ++failures;
    unsure = change.operations;
    undo.reset();
    return fail(error_of(status, "write"));
  }

  // A compaction that was asked for has failed: RocksDB may take no write until it resumes.
  Error work_failed(const rocksdb::Status& status, std::string_view doing) {
    const std::lock_guard lock(writing);
    failed = true;
    return error_of(status, doing);
  }

  // A failed write is not in the memtables, so what can be read is what was before it.
  Result<void> make_undo() {
    Change former;
    for (const auto& operation : unsure) {
      std::string value;
      const auto status =
          db->Get(rocksdb::ReadOptions(), operation.family->handle(), operation.key, &value);
      if (!status.ok() && !status.IsNotFound()) return fail(error_of(status, "read back"));
      former.operations.push_back({operation.family, operation.key,
                                   status.ok() ? std::optional(std::move(value)) : std::nullopt});
    }
    undo = std::move(former);
    unsure.clear();
    return {};
  }

  // The log may end in half a record, and what follows one is not read again: go on in a new file.
  // RocksDB begins one when it flushes, which it does for a family with something in memory.
  rocksdb::Status begin_new_log() {
    rocksdb::WriteOptions unlogged;
    unlogged.disableWAL = true;
    auto status = db->Put(unlogged, db->DefaultColumnFamily(), "resumed", "");
    if (!status.ok()) return status;
    std::vector<FamilyPtr> held;
    {
      const std::lock_guard lock(families_mutex);
      for (const auto& [name, family] : families) held.push_back(family);
    }
    // All together: see atomic_flush above.
    std::vector<rocksdb::ColumnFamilyHandle*> handles{db->DefaultColumnFamily()};
    for (const auto& family : held) {
      if (family->handle()->GetID() != handles.front()->GetID())
        handles.push_back(family->handle());
    }
    return db->Flush(rocksdb::FlushOptions(), handles);
  }

  Result<void> settle() {
    if (!failed) return {};
    if (!undo) {
      auto made = make_undo();
      if (!made) return made;
    }
    auto status = db->Resume();
    if (status.IsBusy())  // RocksDB looks every few seconds whether there is room again
      return fail(Errc::full, "store: the disk was full, and the database has not resumed yet");
    if (status.ok()) status = begin_new_log();
    if (status.ok()) status = put(*undo, true);
    if (!status.ok())
      return fail(error_of(status, "go on after a failed write (see to the disk, then restart)"));
    failed = false;
    undo.reset();
    return {};
  }
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& directory, rocksdb::Env* env) {
  if (env == nullptr) env = rocksdb::Env::Default();
  auto made = Files(env).make_directories(directory);
  if (!made) return fail(std::move(made).error());
  const auto fresh = is_new(directory, env);
  if (!fresh) return fail(fresh.error());
  auto options = database_options(env);
  std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName};
  if (!*fresh) {
    const auto status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
    if (!status.ok()) return fail(error_of(status, "open " + directory));
  }
  auto state = std::make_unique<State>();
  state->cache = rocksdb::NewLRUCache(kBlockCache);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : names) descriptors.emplace_back(name, family_options(name, state->cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  auto status = rocksdb::DB::Open(options, directory, descriptors, &handles, &db);
  if (has_torn_log(status)) {
    log::error("the store's log has a torn record; it is read over (it was never acknowledged)",
               {{"store", directory}, {"reason", status.ToString()}});
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    status = rocksdb::DB::Open(options, directory, descriptors, &handles, &db);
  }
  if (held_by_another(status))
    return fail(Errc::busy, "store " + directory +
                                ": another process has it open; stop that one, or name another "
                                "directory with --data");
  if (!status.ok()) return fail(error_of(status, "open " + directory));
  state->db.reset(db);
  for (std::size_t i = 0; i < names.size(); ++i)
    state->families[names[i]] = std::make_shared<Family>(state->db, handles[i]);
  return std::unique_ptr<Database>(new Database(std::move(state)));
}

Result<FamilyPtr> Database::family(const std::string& name) {
  const std::lock_guard lock(state_->families_mutex);
  auto& known = state_->families[name];
  if (known) return known;
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const auto status =
      state_->db->CreateColumnFamily(family_options(name, state_->cache), name, &handle);
  if (!status.ok()) {
    state_->families.erase(name);
    return fail(error_of(status, "create the family " + name));
  }
  known = std::make_shared<Family>(state_->db, handle);
  return known;
}

std::vector<std::string> Database::family_names() const {
  const std::lock_guard lock(state_->families_mutex);
  std::vector<std::string> names;
  for (const auto& [name, family] : state_->families) names.push_back(name);
  return names;
}

std::vector<std::pair<std::string, FamilyPtr>> Database::families() const {
  const std::lock_guard lock(state_->families_mutex);
  return {state_->families.begin(), state_->families.end()};
}

Result<void> Database::drop(const FamilyPtr& family) {
  const std::lock_guard lock(state_->families_mutex);
  const auto status = state_->db->DropColumnFamily(family->handle());
  if (!status.ok()) return fail(error_of(status, "drop a day"));
  std::erase_if(state_->families, [&](const auto& entry) { return entry.second == family; });
  return {};
}

Result<void> Database::write(const Change& change) {
  const std::lock_guard lock(state_->writing);
  auto settled = state_->settle();
  if (!settled) return settled;
  const auto status = state_->put(change, true);
  return status.ok() ? Result<void>{} : state_->write_failed(status, change);
}

Result<void> Database::replace(const Change& change, const std::function<void()>& publish) {
  const std::lock_guard lock(state_->writing);
  auto settled = state_->settle();
  if (!settled) return settled;
  const std::unique_lock no_views(state_->views);
  const auto status = state_->put(change, false);
  if (!status.ok()) return state_->write_failed(status, change);
  publish();
  return {};
}

Result<void> Database::settle() {
  const std::lock_guard lock(state_->writing);
  return state_->settle();
}

Result<void> Database::checkpoint(const std::string& directory) {
  std::uint64_t failures = 0;
  {
    const std::lock_guard lock(state_->writing);
    auto settled = state_->settle();
    if (!settled) return settled;
    failures = state_->failures;
  }
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(state_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // However large the log is, nothing is flushed for the copy, which gets the log instead: a flush
  // that fails, as on a full disk, would keep the store from taking writes.
  if (status.ok()) status = checkpoint->CreateCheckpoint(directory, UINT64_MAX);
  if (!status.ok()) return fail(error_of(status, "copy to " + directory));
  // Waits for a write that was in the log already when that was copied.
  const std::lock_guard lock(state_->writing);
  if (state_->failures == failures) return {};
  return fail(Errc::unavailable,
              "store: a write failed while the database was copied, and the copy may hold it; "
              "see to the disk, then try again");
}

Result<void> Database::read_copy(
    const std::string& directory, rocksdb::Env* env,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) {
  auto options = database_options(env != nullptr ? env : rocksdb::Env::Default());
  options.create_if_missing = options.create_missing_column_families = false;
  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(options, directory, &names);
  if (!status.ok()) return fail(error_of(status, "open the copy " + directory));
  const auto cache = rocksdb::NewLRUCache(kBlockCache);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& name : names) descriptors.emplace_back(name, family_options(name, cache));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto open = [&] {
    return rocksdb::DB::OpenForReadOnly(options, directory, descriptors, &handles, &opened);
  };
  status = open();
  if (has_torn_log(status)) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
    status = open();
  }
  if (!status.ok()) return fail(error_of(status, "open the copy " + directory));
  const std::unique_ptr<rocksdb::DB> db(opened);
  {
    const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(rocksdb::ReadOptions()));
    for (at->SeekToFirst(); at->Valid(); at->Next())
      if (!visit(at->key().ToStringView(), at->value().ToStringView())) break;
    status = at->status();
  }
  for (auto* const handle : handles) db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  if (!status.ok()) return fail(error_of(status, "read the copy " + directory));
  return {};
}

Result<void> Database::compact(const Family& family, const std::stop_token& stop) {
  {
    const std::lock_guard lock(state_->writing);
    auto settled = state_->settle();
    if (!settled) return settled;
  }
  std::atomic<bool> cancelled = stop.stop_requested();
  const std::stop_callback cancel(stop, [&] { cancelled = true; });
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  // Else tables that share but one key are moved as they are, and an old value stays.
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.canceled = &cancelled;
  const auto status = state_->db->CompactRange(options, family.handle(), nullptr, nullptr);
  if (cancelled) return fail(Errc::cancelled, "store: compaction stopped");
  if (status.IsColumnFamilyDropped()) return {};  // a day past retention, meanwhile
  if (!status.ok()) return fail(state_->work_failed(status, "compact"));
  return {};
}

std::uint64_t Database::table_bytes(const Family& family) const {
  std::uint64_t bytes = 0;
  state_->db->GetIntProperty(family.handle(), rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
  return bytes;
}

ViewPtr Database::view(const std::function<void()>& also) const {
  const std::shared_lock lock(state_->views);
  also();
  return std::make_shared<View>(state_->db);
}

Result<std::optional<std::string>> Database::get(const Family& family, std::string_view key,
                                                 const View* view) const {
  rocksdb::ReadOptions options;
  if (view != nullptr) options.snapshot = view->snapshot();
  options.fill_cache = family.cached();
  std::string value;
  const auto status = state_->db->Get(options, family.handle(), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return fail(error_of(status, "read"));
  return value;
}

Result<void> Database::each(const Family& family, std::string_view from,
                            const std::function<bool(std::string_view, std::string_view)>& visit,
                            bool near) const {
  rocksdb::ReadOptions options;
  options.fill_cache = near;
  if (!near) options.readahead_size = kReadAhead;
  const std::unique_ptr<rocksdb::Iterator> at(state_->db->NewIterator(options, family.handle()));
  for (at->Seek(from); at->Valid(); at->Next())
    if (!visit(at->key().ToStringView(), at->value().ToStringView())) return {};
  const auto status = at->status();
  if (!status.ok()) return fail(error_of(status, "read"));
  return {};
}

}  // namespace logboom::store
