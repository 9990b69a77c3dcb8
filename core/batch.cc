#include "core/batch.h"

#include <cstring>

namespace logboom {

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  size_bytes_ += text.size();
  if (text.size() > kChunk / 4) {
    return adopt(std::make_shared<const std::string>(text));
  }
  if (kChunk - used_ < text.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunk));
    used_ = 0;
  }
  char* place = chunks_.back().get() + used_;
  std::memcpy(place, text.data(), text.size());
  used_ += text.size();
  return {place, text.size()};
}

std::string_view Arena::adopt(std::shared_ptr<const std::string> text) {
  adopted_.push_back(std::move(text));
  return *adopted_.back();
}

std::size_t Batch::size_bytes() const {
  std::size_t size = 0;
  for (const auto& record : records) {
    size += record.body.size();
    for (const auto& [name, value] : record.metadata) size += name.size() + value.size();
  }
  return size;
}

}  // namespace logboom
