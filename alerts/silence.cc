#include "alerts/silence.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/http/message.h"

namespace logboom::alerts {
namespace {

constexpr std::string_view kSilent = "alert_silent", kSecret = "alert_secret";
constexpr std::string_view kSecretKey = "unsubscribe";
constexpr std::size_t kKeyBytes = 12;

std::string hex(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

Silence::Silence(Records& records, std::string base_url, std::string secret)
    : records_(records), base_url_(std::move(base_url)), secret_(std::move(secret)) {}

Result<std::unique_ptr<Silence>> Silence::open(Records& records, std::string base_url) {
  auto secret = records.get(kSecret, kSecretKey);
  if (!secret) return fail(std::move(secret).error());
  if (!*secret) {
    unsigned char bytes[32];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return fail(Errc::internal, "no random numbers");
    *secret = hex(bytes, sizeof bytes);
    store::RecordWrite changes;
    changes.put(std::string(kSecret), std::string(kSecretKey), **secret);
    if (auto written = records.write(changes); !written) return fail(std::move(written).error());
  }
  return std::make_unique<Silence>(records, std::move(base_url), **std::move(secret));
}

std::string Silence::key_of(const Recipient& to, std::string_view tool) const {
  const std::string text = joined_key(to.text(), tool);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return hex(digest, kKeyBytes);
}

std::string Silence::link(const Recipient& to, std::string_view tool) const {
  if (base_url_.empty()) return {};
  return base_url_ + "/api/v1/alerts/unsubscribe?tool=" + http::percent_encode(tool) +
         "&to=" + http::percent_encode(to.text()) + "&key=" + key_of(to, tool);
}

bool Silence::good_key(std::string_view key, const Recipient& to, std::string_view tool) const {
  const std::string right = key_of(to, tool);
  return key.size() == right.size() && CRYPTO_memcmp(key.data(), right.data(), key.size()) == 0;
}

Result<bool> Silence::wanted(const Recipient& to, std::string_view tool) const {
  auto silent = records_.get(kSilent, joined_key(to.text(), tool));
  if (!silent) return fail(std::move(silent).error());
  return !silent->has_value();
}

Result<void> Silence::silence(const Recipient& to, std::string_view tool) {
  store::RecordWrite changes;
  changes.put(std::string(kSilent), joined_key(to.text(), tool), "{}");
  return records_.write(changes);
}

}  // namespace logboom::alerts
