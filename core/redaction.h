// Takes what is private out of a line, on the node, before a batch exists (DESIGN 4.3).
//
// This first rule set: IPv4, IPv6, e-mail addresses, values of Authorization, Cookie and Set-Cookie
// headers, values of keys that mean a secret (password, passwd, pwd, secret, token, api_key, ...;
// in key=value, key: value, JSON, also with escaped quotes, and query strings), and the userinfo of
// URLs. A match becomes a typed mark: <ip>, <email>, <secret:authorization>, <secret:cookie>,
// <secret:password>, <secret:url-userinfo>. Loopback and unspecified addresses stay.
//
// Promises: redact(redact(x)) == redact(x). Work is linear in the line (no backtracking). It never
// throws; a line it cannot finish within its budget is withheld: the text becomes
// <withheld:redaction-budget> and is counted (fail closed).
// Threads: const methods from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace logboom {

struct Batch;

class Redactor {
 public:
  Redactor();
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Returns `line` itself where nothing matched (no copy), else `out`, which it overwrites.
  [[nodiscard]] std::string_view redact(std::string_view line, std::string& out) const;

  // Bodies, metadata, columns and label values of a whole batch, in place; marks it redacted.
  void redact(Batch& batch) const;

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace logboom
