// Questions to Prometheus that dashboards share, each said once; pure. Regions are those that a dashboard has chosen.

/** Series of a metric in the chosen regions; `more` are further conditions. */
export const ofRegions = (metric: string, more = ""): string =>
  `${metric}{region=~"$region"${more === "" ? "" : `, ${more}`}}`;

/** A metric's sum over the processes of each region, or of each region and further labels. */
export const sumBy = (labels: string, metric: string, more = ""): string =>
  `sum by (${labels}) (${ofRegions(metric, more)})`;

/** The same over all processes. */
export const sumOf = (metric: string, more = ""): string => `sum(${ofRegions(metric, more)})`;

/** The greatest of a metric's values in each region, or of each region and further labels. */
export const maxBy = (labels: string, metric: string): string =>
  `max by (${labels}) (${ofRegions(metric)})`;

/** A counter's increase a second, summed in the same way. */
export const rateBy = (labels: string, metric: string, more = ""): string =>
  `sum by (${labels}) (rate(${ofRegions(metric, more)}[$__rate_interval]))`;

/** The same over everything, whatever region is chosen. */
export const rateOfAll = (metric: string): string => `sum(rate(${metric}[$__rate_interval]))`;

/** A quantile of a histogram, in the chosen regions. */
export const quantileBy = (share: number, labels: string, metric: string): string =>
  `histogram_quantile(${share}, ${rateBy(`${labels}, le`, `${metric}_bucket`)})`;
