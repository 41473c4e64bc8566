#include <cstdlib>

#include "histoloom/job/option_values.h"
#include "subcommands.h"

namespace histoloom {

std::string date_or_epoch(const std::string& date) {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  return date.empty() && epoch != nullptr ? date_of_epoch(epoch) : date;
}

}  // namespace histoloom
