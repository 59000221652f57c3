// The site of docs/ (npm run docs): a page a file, with search in the browser; links that lead nowhere fail the build.
import {readdirSync, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

const docs = fileURLToPath(new URL('../pages/', import.meta.url));
const titleOf = (path) => /^# (.*)$/m.exec(readFileSync(docs + path, 'utf8'))?.[1] ?? path;
const pagesIn = (folder) =>
  readdirSync(docs + folder)
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort()
    .map((name) => ({text: titleOf(folder + name).replaceAll('`', ''), link: `/${folder}${name.slice(0, -3)}`}));
const page = (name) => ({text: titleOf(`docs/${name}.md`), link: `/docs/${name}`});

export default {
  title: 'Postern',
  description: 'External authorization for Envoy and Istio',
  srcDir: 'pages',
  outDir: 'dist',
  rewrites: {'README.md': 'index.md', 'docs/runbooks/README.md': 'docs/runbooks/index.md'},
  cleanUrls: true,
  themeConfig: {
    search: {provider: 'local'},
    outline: [2, 3],
    sidebar: [
      {text: 'Begin', items: [{text: 'Postern', link: '/'}, ...['start', 'rules', 'guides/ask'].map(page)]},
      {
        text: 'Operate',
        items: [
          ...['day2', 'operate', 'troubleshooting', 'security', 'freshness', 'performance', 'upgrading'].map(page),
          {text: 'Threats, and how to report', link: '/SECURITY'},
          {text: 'Changelog', link: '/CHANGELOG'},
        ],
      },
      {text: 'Guides', collapsed: true, items: pagesIn('docs/guides/')},
      {
        text: 'Reference',
        collapsed: true,
        items: [...pagesIn('docs/reference/'), ...['entitlements', 'requests', 'parity'].map(page)],
      },
      {text: 'Runbooks', collapsed: true, items: pagesIn('docs/runbooks/')},
      {text: 'The code', collapsed: true, items: ['code', 'add-a-vendor', 'dependencies'].map(page)},
    ],
  },
  markdown: {
    // What stands in <...> is text: nothing in these pages is HTML.
    html: false,
    config(md) {
      // {{...}} of Helm and Envoy are no expressions of Vue.
      const inline = md.renderer.rules.code_inline;
      md.renderer.rules.code_inline = (tokens, at, ...rest) => {
        tokens[at].attrSet('v-pre', '');
        return inline(tokens, at, ...rest);
      };
      // What leads to a file of the repository is no page: its name stands, without a link.
      const isPage = (href) => /^(https?:|mailto:|#)/.test(href) || /\.md(#.*)?$/.test(href);
      md.core.ruler.push('files-are-no-pages', ({tokens}) => {
        for (const token of tokens) {
          const {children} = token;
          // Questions to Prometheus are shown as they are: the highlighter has no grammar for them.
          if (token.type === 'fence' && token.info === 'promql') token.info = 'txt';
          let open = false;
          for (const one of children ?? []) {
            if (one.type === 'link_open' && !isPage(one.attrGet('href'))) {
              Object.assign(one, {tag: 'span', attrs: null});
              open = true;
            } else if (one.type === 'link_open') {
              // See `rewrites`.
              one.attrSet('href', one.attrGet('href').replace(/(^|\/)README\.md(?=#|$)/, '$1index.md'));
            } else if (one.type === 'link_close' && open) {
              one.tag = 'span';
              open = false;
            }
          }
        }
      });
    },
  },
};
