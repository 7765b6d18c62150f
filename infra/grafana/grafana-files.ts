// Files that Grafana reads when it starts: data sources, and where the dashboards are; pure.
import { SOURCES, type Source } from "./sources.ts";
import { yamlText } from "./prometheus-files.ts";

/** InfluxDB, its user, and the file with the password, which Grafana has to be able to read. */
export interface InfluxReader {
  readonly url: string;
  readonly user: string;
  readonly passwordFile: string;
  /** The authority of its certificate, if that is one of your own. */
  readonly caFile?: string;
}

export interface SourceUrls {
  readonly influxdb: InfluxReader;
  readonly prometheus: string;
}

function sourceEntry({ uid, name, type, database }: Source, urls: SourceUrls): object {
  const common = { uid, name, type, access: "proxy", editable: false };
  if (type === "prometheus")
    return {
      ...common,
      url: urls.prometheus,
      isDefault: true,
      jsonData: { httpMethod: "POST", timeInterval: "15s", manageAlerts: true },
    };
  const { url, user, passwordFile, caFile } = urls.influxdb;
  const json = { version: "InfluxQL", dbName: database, httpMode: "POST", timeInterval: "10s" };
  return {
    ...common,
    ...{ url, user },
    // Read by Grafana when it reads this file.
    secureJsonData: {
      password: `$__file{${passwordFile}}`,
      ...(caFile === undefined ? {} : { tlsCACert: `$__file{${caFile}}` }),
    },
    // `database` is read by Grafana 9, `dbName` by those after it.
    database,
    jsonData: caFile === undefined ? json : { ...json, tlsAuthWithCACert: true },
  };
}

/** `provisioning/datasources`: the uids are those that dashboards ask. */
export const dataSourcesYaml = (urls: SourceUrls, head: string): string =>
  yamlText(head, {
    apiVersion: 1,
    prune: true,
    datasources: Object.values(SOURCES).map((source) => sourceEntry(source, urls)),
  });

/** `provisioning/dashboards`. @param directory where the dashboards are, absolute. */
export const dashboardsYaml = (directory: string, head: string): string =>
  yamlText(head, {
    apiVersion: 1,
    providers: [
      {
        name: "skerry",
        folder: "Skerry",
        type: "file",
        disableDeletion: false,
        allowUiUpdates: false,
        updateIntervalSeconds: 30,
        options: { path: directory, foldersFromFilesStructure: false },
      },
    ],
  });
