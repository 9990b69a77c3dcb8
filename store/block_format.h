// The numbers of the block format that its encoder and its decoder share; see FORMAT.md.
// On disk: never renumber.
#pragma once

#include <cstddef>
#include <string_view>

namespace logboom::store {

inline constexpr char kBlockMagic = 'B', kEntryMagic = 'D', kEntryFormat = 2;
inline constexpr char kFlatFormat = 1, kFramedFormat = 2;  // of a block: how its bodies lie

enum class Section : unsigned char {
  times = 1,
  streams = 2,
  levels = 3,
  places = 4,
  positions = 5,
  sets = 6,
  lengths = 7,
  bodies = 8,
  dictionary = 9,
  frames = 10,
};
inline constexpr std::size_t kSections = 11;  // one more than the greatest

enum class Codec : unsigned char { none = 0, zstd = 1 };
inline constexpr std::size_t kLeastCompressed = 32;  // shorter columns are stored as they are

// The metadata that names a line's source; with the line's position it names the line for ever.
inline constexpr std::string_view kSourceColumn = "source";

}  // namespace logboom::store
