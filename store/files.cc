#include "store/files.h"

#include <rocksdb/env.h>

#include <algorithm>

namespace logboom::store {
namespace {

constexpr std::size_t kPart = 1 << 20;

}  // namespace

Error error_of(const rocksdb::Status& status, std::string_view doing) {
  const auto message = std::string("store: ").append(doing).append(": ") + status.ToString();
  if (status.IsNoSpace())
    return {Errc::full, message + "; free space on the disk, or keep lines for fewer days"};
  if (status.IsCorruption()) return {Errc::corrupt, message};
  if (status.IsIOError()) return {Errc::io, message};
  if (status.IsBusy()) return {Errc::unavailable, message};
  return {Errc::internal, message};
}

Files::Files(rocksdb::Env* env) : env_(env != nullptr ? env : rocksdb::Env::Default()) {}

bool Files::exists(const std::string& path) const { return env_->FileExists(path).ok(); }

Result<std::vector<std::string>> Files::names(const std::string& directory) const {
  std::vector<std::string> all;
  const auto status = env_->GetChildren(directory, &all);
  if (status.IsNotFound()) return fail(Errc::not_found, directory + ": there is no such directory");
  if (!status.ok()) return fail(error_of(status, "list " + directory));
  std::erase_if(all, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(all.begin(), all.end());
  return all;
}

Result<std::uint64_t> Files::size(const std::string& path) const {
  std::uint64_t bytes = 0;
  const auto status = env_->GetFileSize(path, &bytes);
  if (!status.ok()) return fail(error_of(status, "look at " + path));
  return bytes;
}

Result<void> Files::make_directories(const std::string& directory) const {
  for (auto slash = directory.find('/', 1);; slash = directory.find('/', slash + 1)) {
    const auto part = directory.substr(0, slash);
    const auto status = env_->CreateDirIfMissing(part);
    if (!status.ok()) return fail(error_of(status, "create " + part));
    if (slash == std::string::npos) return {};
  }
}

Result<void> Files::remove_tree(const std::string& directory) const {
  auto inside = names(directory);
  if (!inside) {
    if (inside.error().code == Errc::not_found) return {};
    return fail(std::move(inside).error());
  }
  for (const auto& name : *inside) {
    const auto path = directory + "/" + name;
    bool is_directory = false;
    auto status = env_->IsDirectory(path, &is_directory);
    if (status.ok() && is_directory) {
      auto removed = remove_tree(path);
      if (!removed) return removed;
      continue;
    }
    status = env_->DeleteFile(path);
    if (!status.ok()) return fail(error_of(status, "remove " + path));
  }
  const auto status = env_->DeleteDir(directory);
  if (!status.ok()) return fail(error_of(status, "remove " + directory));
  return {};
}

Result<void> Files::rename(const std::string& from, const std::string& to) const {
  const auto status = env_->RenameFile(from, to);
  if (!status.ok()) return fail(error_of(status, "rename " + from + " to " + to));
  return {};
}

Result<void> Files::sync_directory(const std::string& directory) const {
  std::unique_ptr<rocksdb::Directory> opened;
  auto status = env_->NewDirectory(directory, &opened);
  if (status.ok()) status = opened->Fsync();
  if (!status.ok()) return fail(error_of(status, "sync " + directory));
  return {};
}

Result<void> Files::read(const std::string& path, const Part& part) const {
  std::unique_ptr<rocksdb::SequentialFile> file;
  auto status = env_->NewSequentialFile(path, &file, rocksdb::EnvOptions());
  if (status.IsNotFound() || status.IsPathNotFound())
    return fail(Errc::not_found, path + ": there is no such file");
  std::string buffer(kPart, '\0');
  while (status.ok()) {
    rocksdb::Slice bytes;
    status = file->Read(buffer.size(), &bytes, buffer.data());
    if (!status.ok() || bytes.empty()) break;
    if (!part(bytes.ToStringView())) return fail(Errc::cancelled, "stopped");
  }
  if (!status.ok()) return fail(error_of(status, "read " + path));
  return {};
}

Result<void> Files::copy(const std::string& from, const std::string& to, const Part& part) const {
  std::unique_ptr<rocksdb::WritableFile> file;
  auto status = env_->NewWritableFile(to, &file, rocksdb::EnvOptions());
  if (!status.ok()) return fail(error_of(status, "create " + to));
  auto copied = read(from, [&](std::string_view bytes) {
    status = file->Append(bytes);
    return status.ok() && part(bytes);
  });
  if (!status.ok()) return fail(error_of(status, "write " + to));
  if (!copied) return copied;
  status = file->Sync();
  if (status.ok()) status = file->Close();
  if (!status.ok()) return fail(error_of(status, "write " + to));
  return {};
}

Result<void> Files::write(const std::string& path, std::string_view content) const {
  std::unique_ptr<rocksdb::WritableFile> file;
  auto status = env_->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(content);
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (!status.ok()) return fail(error_of(status, "write " + path));
  return {};
}

Result<bool> Files::link(const std::string& from, const std::string& to) const {
  const auto status = env_->LinkFile(from, to);
  if (status.IsNotSupported()) return false;
  if (!status.ok()) return fail(error_of(status, "link " + from + " to " + to));
  return true;
}

Result<std::shared_ptr<void>> Files::lock(const std::string& path) const {
  rocksdb::FileLock* held = nullptr;
  const auto status = env_->LockFile(path, &held);
  const auto text = status.ToString();
  if (text.find("lock hold by current process") != std::string::npos ||
      text.find("Resource temporarily unavailable") != std::string::npos)
    return fail(Errc::busy, path + ": somebody else holds it");
  if (!status.ok()) return fail(error_of(status, "lock " + path));
  return std::shared_ptr<void>(held, [env = env_](void* mine) {
    env->UnlockFile(static_cast<rocksdb::FileLock*>(mine)).PermitUncheckedError();
  });
}

}  // namespace logboom::store
