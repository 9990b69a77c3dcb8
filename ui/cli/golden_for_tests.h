// For the tests of `logs`: outputs kept in tests/golden.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace logboom::ui::cli {

// What tests/golden/NAME.out says the text must be; UPDATE_GOLDEN=1 writes the text there first.
inline std::string golden(const std::string& name, const std::string& text) {
  const auto path = std::string(GOLDEN_DIRECTORY) + "/" + name + ".out";
  if (std::getenv("UPDATE_GOLDEN")) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  if (!file) return path + " is missing";
  std::ostringstream expected;
  expected << file.rdbuf();
  return expected.str();
}

}  // namespace logboom::ui::cli
