// The page's files, inside the program.
//
// Owns: the bytes are constants of the program; written by build.mjs into the build directory.
#pragma once

#include <span>
#include <string_view>

namespace logboom::ui {

struct Asset {
  std::string_view path;  // as in the address: "/", "/app-<hash>.js"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::span<const unsigned char> gzipped;
  bool immutable = false;  // the path names the content, so it may be cached for ever
};

// Empty in a program built with -DWEB=OFF.
[[nodiscard]] std::span<const Asset> assets();

}  // namespace logboom::ui
