// One table of options feeds the YAML config, the command line, --help, the defaults and the docs.
//
//   OptionTable table;
//   table.add("server.listen", "--listen", &options.listen, "ADDRESS:PORT", "Where to serve HTTP");
//   auto loaded = table.load_file("logboom.yml");      // rows not in the file keep their default
//   auto parsed = table.parse(argc, argv);             // the command line wins over the file
//
// Errors:  "logboom.yml:12: unknown key 'kafka.broker'; did you mean 'kafka.brokers'?" and the same
//          care for a value of a wrong type, a value out of range and an unknown flag.
// Limits:  a config file is at most 1 MiB and nests at most 16 deep.
// Owns:    nothing: the targets must outlive the table. The default is the target's value at add().
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace logboom {

// Bytes that people may write as 512, 64KiB, 1MB, 2GiB.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend bool operator==(const ByteSize&, const ByteSize&) = default;
};
[[nodiscard]] Result<ByteSize> parse_byte_size(std::string_view text);
[[nodiscard]] std::string format_byte_size(ByteSize size);

class OptionTable {
 public:
  using Target = std::variant<std::string*, bool*, std::int64_t*, ByteSize*,
                              std::chrono::milliseconds*, std::vector<std::string>*>;
  struct Row {
    std::string key;   // server.listen; empty: command line only
    std::string flag;  // --listen; empty: config file only
    Target target;
    std::string value_name;            // ADDRESS:PORT; empty for bool
    std::string help;                  // one sentence, no full stop
    std::int64_t least = 0, most = 0;  // for numbers (a duration: in ms), when most > least
    std::string default_text;
  };

  Row& add(std::string key, std::string flag, Target target, std::string value_name,
           std::string help);
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  [[nodiscard]] Result<void> load_file(const std::string& path);
  [[nodiscard]] Result<void> load(std::string_view yaml, std::string_view file_name);

  // Parses `--flag value`, `--flag=value`, repeated flags for lists. `help` is true when --help was
  // given; whatever is no flag lands in `rest`. Bool flags take no value; `--no-x` unsets `--x`.
  struct Parsed {
    bool help = false;
    std::vector<std::string> rest;
  };
  [[nodiscard]] Result<Parsed> parse(const std::vector<std::string>& arguments);

  // The rows for --help, aligned to 100 columns, and the whole table as Markdown for the docs.
  [[nodiscard]] std::string help() const;
  [[nodiscard]] std::string markdown() const;

 private:
  std::vector<Row> rows_;
};

// The nearest of `known` by edit distance, or "" when none is near: for "did you mean".
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace logboom
