#include "store/backup.h"

#include <xxhash.h>

#include <algorithm>
#include <filesystem>

#include "core/json.h"
#include "core/log.h"
#include "core/time.h"
#include "store/bytes.h"
#include "store/files.h"
#include "store/ground.h"
#include "store/keys.h"

namespace logboom::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartial = ".partial";
constexpr std::string_view kCheckpoint = "/checkpoint";  // in the store's directory
constexpr std::string_view kLock = ".logboom-backup.lock";
constexpr std::size_t kMaxManifest = 16 << 20;
// How far the store's own counter is raised by a restore: at least by the first, and to the seconds
// since 1970 times the second, so that two restores of one backup differ as well.
constexpr std::uint64_t kPlaceStep = std::uint64_t{1} << 32;
constexpr std::uint64_t kPlacesPerSecond = std::uint64_t{1} << 20;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<std::string> whole_path(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.starts_with('/') || path == "/")
    return fail(Errc::invalid, "'" + path + "': name the directory by its whole path, /...");
  return fs::path(path).lexically_normal().string();
}

bool is_inside(const std::string& path, const std::string& directory) {
  std::error_code ignored;
  const auto inner = fs::weakly_canonical(path, ignored).string() + "/";
  return inner.starts_with(fs::weakly_canonical(directory, ignored).string() + "/");
}

// XXH64 of what comes in parts.
class Checksum {
 public:
  Checksum() { XXH64_reset(state_.get(), 0); }
  void add(std::string_view part) { XXH64_update(state_.get(), part.data(), part.size()); }
  [[nodiscard]] std::uint64_t value() const { return XXH64_digest(state_.get()); }

 private:
  struct Free {
    void operator()(XXH64_state_t* state) const { XXH64_freeState(state); }
  };
  std::unique_ptr<XXH64_state_t, Free> state_{XXH64_createState()};
};

// Reads or copies files one after the other, adds them up, and tells how far it has come.
class Pass {
 public:
  Pass(const Files& files, std::uint64_t total, std::string_view what, const Progress& progress,
       const std::stop_token& stop)
      : files_(files), step_{0, total, "bytes", what}, progress_(progress), stop_(stop) {}

  Result<Manifest::File> read(const std::string& path) {
    return add_up([&](const Files::Part& part) { return files_.read(path, part); });
  }
  Result<Manifest::File> copy(const std::string& from, const std::string& to) {
    return add_up([&](const Files::Part& part) { return files_.copy(from, to, part); });
  }

 private:
  template <class Go>
  Result<Manifest::File> add_up(const Go& go) {
    Manifest::File file;
    Checksum sum;
    auto gone = go([&](std::string_view part) {
      sum.add(part);
      file.bytes += part.size();
      step_.done += part.size();
      if (progress_) progress_(step_);
      return !stop_.stop_requested();
    });
    if (!gone) return fail(std::move(gone).error());
    file.xxh64 = sum.value();
    return file;
  }

  const Files& files_;
  Step step_;
  const Progress& progress_;
  const std::stop_token& stop_;
};

Result<std::shared_ptr<void>> lock(const Files& files, const std::string& directory) {
  auto held = files.lock(directory + "/" + std::string(kLock));
  if (!held && held.error().code == Errc::busy)
    return fail(Errc::busy, directory + ": another backup is being made or restored there; wait");
  return held;
}

// What a crash left of earlier backups; the lock says that nobody is making one.
Result<void> remove_leftovers(const Files& files, const std::string& parent,
                              const std::string& own) {
  auto names = files.names(parent);
  if (!names) return fail(std::move(names).error());
  for (const auto& name : *names) {
    if (!name.ends_with(kPartial)) continue;
    const auto whole = std::string_view(name).substr(0, name.size() - kPartial.size());
    if (parent + "/" + name != own && !parse_backup_name(whole)) continue;
    auto removed = files.remove_tree(parent + "/" + name);
    if (!removed) return removed;
  }
  return {};
}

// Offsets and format of the copy itself: the store has gone on since.
Result<void> read_offsets(const std::string& directory, rocksdb::Env* env, Manifest& manifest) {
  bool good = true;
  auto read =
      Database::read_copy(directory, env, [&](std::string_view key, std::string_view value) {
        const auto partition = parse_partition_key(key);
        if (!partition && key != kLocalKey && key != kFormatKey) return true;
        ByteReader reader(value);
        const auto number = reader.varint();
        good = good && reader.ok();
        if (partition)
          manifest.partitions[*partition] = number;
        else
          (key == kLocalKey ? manifest.local_next : manifest.store_format) = number;
        return true;
      });
  if (!read) return read;
  if (!good) return fail(Errc::corrupt, "store: a stored offset cannot be read");
  return {};
}

// Links where that is possible: `from` and the store may share a file system with the backup.
Result<void> gather(const Files& files, const std::string& from, const std::string& to,
                    Manifest& manifest, const Progress& progress, const std::stop_token& stop) {
  const auto names = files.names(from);
  if (!names) return fail(names.error());
  std::uint64_t total = 0;
  for (const auto& name : *names) {
    const auto size = files.size(from + "/" + name);
    if (!size) return fail(size.error());
    total += *size;
  }
  auto made = files.make_directories(to);
  if (!made) return made;
  Pass pass(files, total, "backing up", progress, stop);
  bool link = true;
  for (const auto& name : *names) {
    const auto source = from + "/" + name, target = to + "/" + name;
    if (link) {
      const auto linked = files.link(source, target);
      if (!linked) return fail(linked.error());
      link = *linked;
    }
    auto file = link ? pass.read(target) : pass.copy(source, target);
    if (!file) return fail(std::move(file).error());
    file->name = "store/" + name;
    manifest.files.push_back(*std::move(file));
  }
  return files.sync_directory(to);
}

Result<void> fill(Ground& ground, const Files& files, const std::string& partial,
                  Manifest& manifest, const Progress& progress, const std::stop_token& stop) {
  // Inside the store: there the checkpoint is links in any case, made in a moment. RocksDB does not
  // look into directories.
  const auto checkpoint = ground.options.directory + std::string(kCheckpoint);
  remove_checkpoint(ground);
  auto done = ground.db->checkpoint(checkpoint);
  if (done) done = gather(files, checkpoint, partial + "/store", manifest, progress, stop);
  if (done) done = read_offsets(partial + "/store", ground.options.env, manifest);
  if (done) done = files.write(partial + "/" + std::string(kManifestName), encode(manifest));
  if (done) done = files.sync_directory(partial);
  remove_checkpoint(ground);
  return done;
}

}  // namespace

void remove_checkpoint(Ground& ground) {
  const Files files(ground.options.env);
  for (const auto* const end : {"", ".tmp"}) {
    const auto directory = ground.options.directory + std::string(kCheckpoint) + end;
    auto removed = files.remove_tree(directory);
    if (!removed)
      log::warn("a backup's checkpoint cannot be removed; the next backup tries again",
                {{"directory", directory}, {"error", removed.error().message}});
  }
}

Result<Manifest> make_backup(Ground& ground, const std::string& target, const Progress& progress,
                             const std::stop_token& stop) {
  const auto whole = whole_path(target);
  if (!whole) return fail(whole.error());
  if (is_inside(*whole, ground.options.directory))
    return fail(Errc::invalid, *whole + ": this is inside the store; name a directory elsewhere");
  const Files files(ground.options.env);
  const auto parent = parent_of(*whole);
  const auto partial = *whole + std::string(kPartial);
  auto done = files.make_directories(parent);
  if (!done) return fail(std::move(done).error());
  const auto held = lock(files, parent);
  if (!held) return fail(held.error());
  if (files.exists(*whole))
    return fail(Errc::conflict, *whole + ": something lies there; name another directory");
  done = remove_leftovers(files, parent, partial);
  if (!done) return fail(std::move(done).error());

  Manifest manifest;
  manifest.made_ns = ground.now();
  done = files.make_directories(partial);
  if (done) done = fill(ground, files, partial, manifest, progress, stop);
  if (done) done = files.rename(partial, *whole);
  if (done) done = files.sync_directory(parent);
  if (done) return manifest;
  auto cleared = files.remove_tree(partial);
  if (!cleared)
    log::warn("a backup that failed cannot be removed; the next one will",
              {{"directory", partial}, {"error", cleared.error().message}});
  return fail(std::move(done).error().in("backup to " + *whole));
}

Result<std::vector<std::string>> backups_in(const std::string& directory, rocksdb::Env* env) {
  auto names = Files(env).names(directory);
  if (!names) return names;
  std::erase_if(*names, [](const std::string& name) { return !parse_backup_name(name); });
  return names;
}

Result<std::vector<std::string>> drop_old_backups(const std::string& directory, std::size_t keep,
                                                  rocksdb::Env* env) {
  const Files files(env);
  auto names = backups_in(directory, env);
  if (!names) return names;
  const auto held = lock(files, directory);
  if (!held) return fail(held.error());
  names->resize(names->size() - std::min(names->size(), keep));
  for (const auto& name : *names) {
    // Never half a backup under a whole one's name.
    const auto path = directory + "/" + name;
    auto removed = files.rename(path, path + std::string(kPartial));
    if (removed) removed = files.remove_tree(path + std::string(kPartial));
    if (!removed) return fail(std::move(removed).error());
  }
  return names;
}

namespace {

Result<Manifest> read_manifest(const Files& files, const std::string& backup) {
  std::string json;
  const auto path = backup + "/" + std::string(kManifestName);
  auto read = files.read(path, [&](std::string_view part) {
    json += part;
    return json.size() <= kMaxManifest;
  });
  if (!read && read.error().code == Errc::not_found)
    return fail(Errc::not_found,
                backup + ": this is no backup (it has no " + std::string(kManifestName) + ")");
  if (!read && read.error().code == Errc::cancelled)
    return fail(Errc::corrupt, path + ": too large");
  if (!read) return fail(std::move(read).error());
  auto manifest = parse_manifest(json);
  if (!manifest) return fail(std::move(manifest).error().in(backup));
  if (manifest->store_format > newest_format())
    return fail(Errc::invalid, backup + ": the store in it has format " +
                                   std::to_string(manifest->store_format) +
                                   ", this program reads up to " + std::to_string(newest_format()) +
                                   "; restore it with the newer logboom");
  return manifest;
}

Result<void> copy_files(const Files& files, const RestoreOptions& options, const Manifest& manifest,
                        const std::string& to, const Progress& progress,
                        const std::stop_token& stop) {
  Pass pass(files, manifest.bytes(), "restoring", progress, stop);
  for (const auto& wanted : manifest.files) {
    const auto from = options.backup + "/" + wanted.name;
    const auto copied = pass.copy(from, to + "/" + wanted.name.substr(wanted.name.rfind('/') + 1));
    if (!copied && copied.error().code == Errc::not_found)
      return fail(Errc::corrupt, from + ": this file of the backup is missing; take another one");
    if (!copied) return fail(copied.error());
    if (copied->bytes != wanted.bytes || copied->xxh64 != wanted.xxh64)
      return fail(Errc::corrupt,
                  from +
                      ": its bytes are not those of the backup (size or checksum differs); "
                      "take another backup");
  }
  return files.sync_directory(to);
}

Result<std::uint64_t> raise_places(const std::string& directory, const RestoreOptions& options) {
  auto db = Database::open(directory, options.env);
  if (!db) return fail(std::move(db).error());
  const auto meta = (*db)->family("default");
  if (!meta) return fail(meta.error());
  const auto value = (*db)->get(**meta, kLocalKey);
  if (!value) return fail(value.error());
  ByteReader reader(value->value_or(std::string(1, '\0')));
  const auto local = reader.varint();
  if (!reader.ok()) return fail(Errc::corrupt, "store: a stored offset cannot be read");
  const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(options.now_ns, 0)) /
                       std::uint64_t{1'000'000'000};
  const auto next = std::max(local + kPlaceStep, seconds * kPlacesPerSecond);
  std::string number;
  put_varint(number, next);
  Change change;
  change.put(*meta, std::string(kLocalKey), std::move(number));
  auto written = (*db)->write(change);
  if (!written) return fail(std::move(written).error());
  return next;
}

Result<void> fill_store(const Files& files, const RestoreOptions& options,
                        const std::string& partial, Restored& restored, const Progress& progress,
                        const std::stop_token& stop) {
  auto done = copy_files(files, options, restored.manifest, partial, progress, stop);
  if (!done) return done;
  const auto raised = raise_places(partial, options);
  if (!raised) return fail(raised.error());
  restored.local_next = *raised;
  // It opens, and all it says of itself can be read.
  Options opening;
  opening.directory = partial;
  opening.background = false;
  opening.env = options.env;
  const auto store = Store::open(std::move(opening));
  if (!store) return fail(store.error());
  restored.stats = (*store)->stats();
  return {};
}

}  // namespace

Result<Restored> restore(const RestoreOptions& options, const Progress& progress,
                         const std::stop_token& stop) {
  const auto whole = whole_path(options.directory);
  if (!whole) return fail(whole.error());
  const Files files(options.env);
  Restored restored;
  auto manifest = read_manifest(files, options.backup);
  if (!manifest) return fail(std::move(manifest).error());
  restored.manifest = *std::move(manifest);
  const auto parent = parent_of(*whole);
  const auto partial = *whole + std::string(kPartial);
  auto done = files.make_directories(parent);
  if (!done) return fail(std::move(done).error());
  const auto held = lock(files, parent);
  if (!held) return fail(held.error());
  const auto present = files.names(*whole);
  if (!present && present.error().code != Errc::not_found) return fail(present.error());
  if (present && !present->empty())
    return fail(Errc::conflict, *whole +
                                    ": this is not empty; a store is restored only to where none "
                                    "is: move it away, or name another directory");
  done = files.remove_tree(partial);
  if (done) done = files.make_directories(partial);
  if (done) done = fill_store(files, options, partial, restored, progress, stop);
  if (done) done = files.remove_tree(*whole);  // it is empty
  if (done) done = files.rename(partial, *whole);
  if (done) done = files.sync_directory(parent);
  if (done) return restored;
  (void)files.remove_tree(partial);
  return fail(std::move(done).error().in("restore to " + *whole));
}

Result<BackupDone> back_up_into(Store& store, const std::string& parent, std::size_t keep,
                                std::int64_t now_ns, const Progress& progress,
                                const std::stop_token& stop) {
  BackupDone done{.directory = parent + "/" + backup_name(now_ns), .manifest = {}, .removed = {}};
  auto made = store.backup(done.directory, progress, stop);
  if (!made) return fail(std::move(made).error());
  done.manifest = *std::move(made);
  if (keep == 0) return done;
  auto removed = drop_old_backups(parent, keep);
  if (!removed)
    return fail(std::move(removed).error().in(done.directory +
                                              " is made, but an older backup cannot be removed"));
  done.removed = *std::move(removed);
  return done;
}

namespace {

std::string summary(const Manifest& manifest) {
  std::string out = "\"made\":\"" + format_rfc3339(manifest.made_ns, 0) +
                    "\",\"bytes\":" + std::to_string(manifest.bytes()) +
                    ",\"files\":" + std::to_string(manifest.files.size()) + ",\"partitions\":[";
  for (const auto& [partition, next] : manifest.partitions) {
    append_json_comma(out);
    out += "{\"partition\":" + std::to_string(partition) + ",\"next\":" + std::to_string(next);
    out += '}';
  }
  return out + "]";
}

}  // namespace

std::string json(const BackupDone& done) {
  std::string out = "{\"directory\":";
  append_json_string(out, done.directory);
  out += "," + summary(done.manifest) + ",\"removed\":[";
  for (const auto& name : done.removed) {
    append_json_comma(out);
    append_json_string(out, name);
  }
  return out + "]}";
}

std::string json(const Restored& restored) {
  return "{" + summary(restored.manifest) + ",\"tools\":" + std::to_string(restored.stats.tools) +
         ",\"lines\":" + std::to_string(restored.stats.lines) +
         ",\"local_next\":" + std::to_string(restored.local_next) + "}";
}

}  // namespace logboom::store
