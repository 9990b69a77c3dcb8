#include "store/compression.h"

#define ZSTD_STATIC_LINKING_ONLY  // dictionaries of plain text (ZSTD_create*Dict_advanced)
#include <zstd.h>

#include <cstring>

namespace logboom::store {
namespace {

struct Free {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};

// One context per thread: making one costs more than compressing a small batch.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, Free> mine(ZSTD_createCCtx());
  return mine.get();
}
ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, Free> mine(ZSTD_createDCtx());
  return mine.get();
}

}  // namespace

struct Dictionary::State {
  std::unique_ptr<ZSTD_CDict, Free> pack;
  std::unique_ptr<ZSTD_DDict, Free> unpack;
};

Dictionary::Dictionary(std::string_view text, std::optional<int> level)
    : state_(std::make_unique<State>()) {
  if (level)
    state_->pack.reset(ZSTD_createCDict_advanced(
        text.data(), text.size(), ZSTD_dlm_byCopy, ZSTD_dct_rawContent,
        ZSTD_getCParams(*level, text.size(), text.size()), ZSTD_defaultCMem));
  else
    state_->unpack.reset(ZSTD_createDDict_advanced(text.data(), text.size(), ZSTD_dlm_byCopy,
                                                   ZSTD_dct_rawContent, ZSTD_defaultCMem));
}
Dictionary::~Dictionary() = default;
Dictionary::Dictionary(Dictionary&&) noexcept = default;
Dictionary& Dictionary::operator=(Dictionary&&) noexcept = default;

std::string compress(std::string_view raw, int level, const Dictionary* dictionary) {
  std::string packed;
  packed.resize_and_overwrite(ZSTD_compressBound(raw.size()), [&](char* to, std::size_t room) {
    const auto size =
        dictionary != nullptr
            ? ZSTD_compress_usingCDict(compressor(), to, room, raw.data(), raw.size(),
                                       dictionary->state().pack.get())
            : ZSTD_compressCCtx(compressor(), to, room, raw.data(), raw.size(), level);
    return ZSTD_isError(size) != 0 ? 0 : size;
  });
  return packed;
}

bool decompress_into(std::string& out, std::string_view packed, std::size_t raw_bytes,
                     std::size_t padding, const Dictionary* dictionary) {
  // No claim of a size makes us allocate what the compressed bytes do not claim as well.
  if (ZSTD_getFrameContentSize(packed.data(), packed.size()) != raw_bytes) return false;
  std::size_t size = 0;
  out.resize_and_overwrite(raw_bytes + padding, [&](char* to, std::size_t all) {
    size = dictionary != nullptr
               ? ZSTD_decompress_usingDDict(decompressor(), to, raw_bytes, packed.data(),
                                            packed.size(), dictionary->state().unpack.get())
               : ZSTD_decompressDCtx(decompressor(), to, raw_bytes, packed.data(), packed.size());
    std::memset(to + raw_bytes, 0, padding);
    return all;
  });
  return ZSTD_isError(size) == 0 && size == raw_bytes;
}

std::optional<std::string> decompress(std::string_view packed, std::size_t raw_bytes) {
  std::string raw;
  if (!decompress_into(raw, packed, raw_bytes, 0)) return std::nullopt;
  return raw;
}

}  // namespace logboom::store
