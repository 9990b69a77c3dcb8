#include "alerts/records.h"

namespace logboom::alerts {

Result<std::optional<std::string>> get_through(const Records& records,
                                               const store::RecordWrite& changes,
                                               std::string_view table, std::string_view key) {
  for (auto it = changes.operations.rbegin(); it != changes.operations.rend(); ++it) {
    if (it->table == table && it->key == key) return it->value;
  }
  return records.get(table, key);
}

std::string joined_key(std::string_view first, std::string_view second) {
  std::string key(first);
  key += '\0';
  key += second;
  return key;
}

}  // namespace logboom::alerts
